using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Backends;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Results;
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
            Description = "Tokens a calibration sequence, for the estimate. Default: 2048, or the model's positions where they are fewer.",
        };
        var options = new CompressionArguments();
        var backendArguments = new BackendArguments();
        var json = CommonOptions.Json();
        var command = new Command("plan", "Show ranks, sizes and the estimated work.") { model, length, json };
        options.AddTo(command);
        backendArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
            using var backend = backendArguments.Open(parsed);
            Print(
                checkpoint,
                options.Read(parsed),
                parsed.GetValue(length) ?? Math.Min(2048, checkpoint.Config.MaxPositions),
                backend,
                parsed.GetValue(json)
            );
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Prints the plan of every ratio.</summary>
    public static void Print(Checkpoint checkpoint, CompressionOptions options, int length, IBackend backend, bool json)
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
            if (known)
                PrintTable(plan, options, checkpoint);
            else
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"kept {plan.Ratio}: linear modules {plan.Before:N0} → at most {(long)(plan.Before * plan.Ratio):N0} parameters. "
                            + $"{Unknown(options)}"
                    )
                );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Estimate, good to a factor of about two: {estimate.Seconds:N0} s, {estimate.MemoryBytes / 1048576.0:N0} MiB of memory, "
                    + $"{estimate.WorkBytes / 1048576.0:N0} MiB of disk for artifacts."
            )
        );
    }

    private static void PrintTable(CompressionPlan plan, CompressionOptions options, Checkpoint checkpoint)
    {
        var table = new Table()
            .Border(TableBorder.Simple)
            .Title(string.Create(CultureInfo.InvariantCulture, $"kept {plan.Ratio} (reached {plan.AchievedRatio:F4})"));
        foreach (string column in (string[])["module", "m", "n", "rank", "before", "after", "bytes after", ""])
            table.AddColumn(column);
        foreach (int i in (int[])[1, 2, 3, 4, 5, 6])
            table.Columns[i].RightAligned();
        foreach (var module in plan.Modules)
            table.AddRow(
                module.Name,
                Text(module.Rows),
                Text(module.Columns),
                module.Rank is { } r ? Text(r) : "dense",
                Text(module.Before),
                Text(module.After),
                Text(Bytes(module, options, checkpoint)),
                module.DenseReason ?? ""
            );
        AnsiConsole.Write(table);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"linear modules: {plan.Before:N0} → {plan.After:N0} parameters"));
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
