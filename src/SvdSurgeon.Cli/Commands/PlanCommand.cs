using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Output.Results;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Sources;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon plan: ranks, sizes and the work ahead, before anything is computed.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var length = new Option<int?>("--seqlen")
        {
            Description = "Tokens per calibration sequence, for the estimate. Default: those that compress takes.",
        };
        var modules = new Option<bool>("--modules") { Description = "A line for every module, not for every kind." };
        var size = new Option<string?>("--target-size") { Description = "Plan for weight files of at most this size, such as 90MB." };
        var bits = new BitsArguments();
        var options = new CompressionArguments();
        var work = new Option<string?>("--work")
        {
            Description = "For integers: work folder of an earlier compress of this model, which holds what every module loses.",
        };
        var backendArguments = new BackendArguments();
        var json = CommonOptions.Json();
        var command = new Command("plan", "Show ranks, sizes and the estimated work; with --work what integers lose over bytes.")
        {
            model,
            size,
            length,
            modules,
            json,
            work,
        };
        bits.AddTo(command);
        options.AddTo(command);
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        string path = parsed.GetRequiredValue(model);
                        bool quiet = parsed.GetValue(json);
                        using var backend = backendArguments.Open(parsed);
                        string? target = parsed.GetValue(size);
                        if (
                            bits.Read(parsed, options.AsksForRanks(parsed) ? null : target, null, options.Sequences(parsed)) is { } rounding
                        )
                        {
                            if (parsed.GetValue(work) is { } folder)
                            {
                                using var dense = Checkpoint.Open(path);
                                BitsCurveView.Print(dense, BitsCurve.Of(dense, rounding, folder), quiet);
                                return ExitCode.Success;
                            }
                            return new BitsRun
                            {
                                Model = path,
                                Calibration = BundledTexts.Or(new CalibrationSource { Length = parsed.GetValue(length) }),
                                Evaluation = null,
                                Options = rounding,
                                Output = OutputName.For(path),
                            }.Execute(backend, null, null, dryRun: true, quiet, cancellation);
                        }
                        using var checkpoint = Checkpoint.Open(path);
                        var ranks = options.Read(parsed, ratioFollows: target is not null);
                        if (target is not null)
                            ranks = ranks with { Ratios = [RatioForSize.Of(checkpoint, CompressionTarget.Size(target), ranks)] };
                        int tokens = parsed.GetValue(length) ?? DefaultWindow.Of(checkpoint);
                        Print(checkpoint, ranks, tokens, backend, quiet, parsed.GetValue(modules));
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    /// <summary>Prints the plan of every ratio.</summary>
    public static void Print(Checkpoint checkpoint, CompressionOptions options, int length, IBackend backend, bool json, bool all = false)
    {
        if (checkpoint.Compression is not null)
            throw new InvalidModelException($"{checkpoint.Path} is already compressed. Plan for the dense model instead.");
        var model = DecoderModel.Load(checkpoint);
        InputWarnings.Print(checkpoint.Warnings);
        // Ranks that depend on statistics are known to compress alone.
        bool known = options.Allocate.IsKnownBeforehand && !options.Method.IsSearch;
        var plans = options.Ratios.Select(ratio => CompressionPlan.Uniform(model, ratio, options)).ToList();
        var estimate = WorkEstimate.For(model, options, length, backend);
        if (json)
        {
            JsonOutput.Write(
                new JsonObject
                {
                    ["model"] = checkpoint.Path,
                    ["plans"] = new JsonArray([.. plans.Select(plan => known ? ToJson(plan, options, checkpoint) : Budget(plan, options))]),
                    ["estimate"] = new JsonObject
                    {
                        ["seconds"] = Math.Round(estimate.Seconds, 1),
                        ["memory_bytes"] = estimate.MemoryBytes,
                        ["work_bytes"] = estimate.WorkBytes,
                    },
                    ["warnings"] = InputWarnings.Json(checkpoint.Warnings),
                }
            );
            return;
        }
        foreach (var plan in plans)
        {
            Console.WriteLine(Summary(plan, options, checkpoint, known));
            if (known && (all || plans.Count == 1))
                NumberTable.Write(PlanTable.Of(plan, module => Bytes(module, options, checkpoint), all));
            foreach (string warning in RatioWarning.Of(plan.Ratio, FileBytes(plan, options, checkpoint), checkpoint.Bytes))
                Console.Error.WriteLine($"svdsurgeon: warning: {warning}");
        }
        if (!known)
            Console.WriteLine(Unknown(options));
        Console.WriteLine(
            $"Estimate, good to a factor of about two: {Duration.Text(estimate.Seconds)}, {Output.Bytes.Text(estimate.MemoryBytes)} of "
                + $"memory, {Output.Bytes.Text(estimate.WorkBytes)} of disk for artifacts."
        );
        if (options.Method.IsSearch)
            Console.WriteLine("A search tries up to thirty candidates per ratio: some twenty times as long, and several times the memory.");
    }

    /// <summary>Bytes of the weight files that a plan leads to.</summary>
    public static long FileBytes(CompressionPlan plan, CompressionOptions options, Checkpoint checkpoint)
    {
        var linear = plan.Modules.Select(module => module.Name + ".weight").ToHashSet(StringComparer.Ordinal);
        return plan.Modules.Sum(module => Bytes(module, options, checkpoint))
            + checkpoint
                .Tensors.Values.Where(tensor => !linear.Contains(tensor.Name))
                .Sum(tensor => options.WrittenType(tensor.Type).ByteCount(tensor.Count));
    }

    private static string Summary(CompressionPlan plan, CompressionOptions options, Checkpoint checkpoint, bool known)
    {
        string reached = known ? $" (reached {plan.AchievedRatio.ToString("F4", CultureInfo.InvariantCulture)})" : "";
        long bytes = FileBytes(plan, options, checkpoint);
        return $"kept {CompressionPlan.RatioText(plan.Ratio)}{reached}: {Output.Bytes.Text(checkpoint.Bytes)} -> "
            + $"{(known ? "" : "about ")}{Output.Bytes.Text(bytes)} ({ResultTable.Change((double)bytes / checkpoint.Bytes)}), "
            + string.Create(CultureInfo.InvariantCulture, $"linear modules {plan.Before:N0} -> {plan.After:N0} numbers");
    }

    private static JsonObject Budget(CompressionPlan plan, CompressionOptions options) =>
        new()
        {
            ["ratio"] = plan.Ratio,
            ["parameters_before"] = plan.Before,
            ["budget"] = (long)(plan.Before * plan.Ratio),
            ["modules"] = null,
            ["reason"] = Unknown(options),
        };

    private static string Unknown(CompressionOptions options) =>
        options.Method.IsSearch
            ? "Ranks are chosen by the search; compress finds them."
            : $"Ranks follow from statistics of the model (--allocate {options.Allocate}); compress finds "
                + $"them, plan shows those of --allocate uniform.";

    private static JsonObject ToJson(CompressionPlan plan, CompressionOptions options, Checkpoint checkpoint) =>
        new()
        {
            ["ratio"] = plan.Ratio,
            ["achieved_ratio"] = plan.AchievedRatio,
            ["parameters_before"] = plan.Before,
            ["parameters_after"] = plan.After,
            ["modules"] = new JsonArray([
                .. plan.Modules.Select(module => new JsonObject
                {
                    ["name"] = module.Name,
                    ["m"] = module.Rows,
                    ["n"] = module.Columns,
                    ["rank"] = module.Rank,
                    ["parameters_before"] = module.Before,
                    ["parameters_after"] = module.After,
                    ["bytes_after"] = Bytes(module, options, checkpoint),
                    ["dense_reason"] = module.DenseReason,
                }),
            ]),
        };

    private static long Bytes(ModulePlan module, CompressionOptions options, Checkpoint checkpoint) =>
        module.After * options.WrittenType(checkpoint.Tensors[module.Name + ".weight"].Type).Block().Bytes;

    private static string Text(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
