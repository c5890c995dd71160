using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Chat;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>
/// Makes models of integers: statistics of the dense model, the loss of every module with every number of bits, the best choice within each
/// budget, the rounding and its training, one folder for every size, and its evaluation. Every stage leaves artifacts, so that another size
/// needs no pass and a run that was killed goes on where it stopped.
/// </summary>
public static class BitsCompressor
{
    /// <summary>Runs the job, on threads of its own.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="device">Where to compute; null for all cores.</param>
    /// <param name="progress">Where progress goes, or null.</param>
    /// <param name="cancellationToken">Stops between batches; the same job resumes.</param>
    /// <exception cref="ArgumentException">An option is out of range or excludes another.</exception>
    /// <exception cref="InvalidInputException">The calibration data or the output folder cannot be used, or an option does not fit the
    /// model.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    public static Task<BitsResult> RunAsync(
        BitsJob job,
        ComputeDevice? device = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(job);
        PropertyWords.Check(job.Options.Validate, nameof(job));
        return ComputeDevice.RunAsync(device, backend => Run(job, backend, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Runs the job.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="backend">The device.</param>
    /// <param name="progress">Where progress goes, or null.</param>
    /// <param name="cancellation">Stops between batches; the same job resumes.</param>
    /// <exception cref="InvalidInputException">An option, the calibration data or the output folder cannot be used, or a size is too small
    /// for the model.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    internal static BitsResult Run(
        BitsJob job,
        IBackend backend,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        job.Options.Validate();
        var work = new WorkFolder(job.WorkFolder ?? Path.Combine(job.OutputFolder, ResultFolder.Work));
        var output = new ResultFolder(job.OutputFolder);
        output.EnsureFree();
        work.EnsureFree();
        var context = PipelineContext.Start(
            job.Model,
            job.Calibration,
            work,
            backend,
            job.Memory,
            progress,
            cancellation,
            BitsWriter.WrittenType
        );
        if (GgufTextFiles.Problem(job.Model) is { } problem)
            context.Warn(problem);
        var (tokens, heldOut) = Split(job);
        RequireMemory(context, job.Options, tokens);
        // A size that no bits reach is refused now, not after the statistics: with equal bits a plan needs no losses.
        Plans(context, null, job.Options);
        using var inUse = output.Claim();
        using var inWork = work.Claim();

        var statistics = BitsStatistics.Collect(context, tokens);
        var table = job.Options.EqualBits ? null : BitsTable.Of(context, statistics, job.Options.Rounding);
        var plans = Plans(context, table, job.Options);
        var dense = new Lazy<DenseOutputs>(() => DenseOutputs.Of(context, tokens));
        foreach (var (name, plan) in plans)
        {
            var description = Description(context, job.Options, plan, job.Calibration.Take(job.Options.Sequences).Hash());
            output.Check(name, description);
            if (output.Has(name, description))
                continue;
            var (modules, steps) = Modules(context, plan, job.Options, statistics, tokens, heldOut, dense, name);
            using (modules)
                context.Timed(
                    $"write {name}",
                    false,
                    () =>
                    {
                        BitsWriter.Write(context, plan, job.Options, modules, steps, description, output.Folder(name));
                        return true;
                    }
                );
        }
        if (dense.IsValueCreated)
            dense.Value.Dispose();
        var windows = job.Evaluation?.Invoke();
        var densePerplexity = windows is null ? null : DensePerplexity.Of(context, windows);
        return new BitsResult(
            [.. plans.Select(plan => Evaluate(context, plan.Name, plan.Plan, output.Folder(plan.Name), windows))],
            densePerplexity,
            context.Times,
            context.Warnings
        );
    }

    // The sequences for statistics and training, and those that judge the training.
    private static (TokenSet Tokens, TokenSet? HeldOut) Split(BitsJob job)
    {
        var all = job.Calibration.Take(job.Options.Sequences);
        if (job.Options.TrainingSteps == 0)
            return (all, null);
        int heldOut = HeldOutSequences.Count(all.Sequences);
        if (heldOut < 1)
            throw new InvalidInputException(
                $"--effort {job.Options.Effort} needs at least 2 calibration sequences, {all.Sequences} is too few. Use --effort 1 or "
                    + $"more text."
            );
        return (all.Take(all.Sequences - heldOut), all.Slice(all.Sequences - heldOut, heldOut));
    }

    private static void RequireMemory(PipelineContext context, BitsOptions options, TokenSet tokens)
    {
        long need = options.TrainingSteps == 0 ? 0 : RoundingTraining.Bytes(context.Model, tokens);
        if (need > context.Memory)
            throw new InvalidInputException(
                $"--effort {options.Effort} holds positions and gradients of all weights, {need >> 20:N0} MiB, more than the "
                    + $"{context.Memory >> 20:N0} MiB that this run may take. Use --effort 1."
            );
    }

    // Rounds, trains where that is asked for, and keeps the training only if it is better on sequences that it has not seen.
    private static (RoundedModules Modules, IReadOnlyList<AutoStep> Steps) Modules(
        PipelineContext context,
        BitsPlan plan,
        BitsOptions options,
        BitsStatistics statistics,
        TokenSet tokens,
        TokenSet? heldOut,
        Lazy<DenseOutputs> dense,
        string name
    )
    {
        var rounded = RoundedModules.Make(context, plan, options, statistics, name);
        if (heldOut is null)
            return (rounded, []);
        var trained = rounded.Train(context, options, statistics, tokens, dense, name);
        return context.Timed<(RoundedModules, IReadOnlyList<AutoStep>)>(
            $"judge {name}",
            false,
            () =>
            {
                var judge = new HeldOutSequences(context, heldOut);
                var (before, after) = (judge.Loss(rounded.Apply(context)), judge.Loss(trained.Apply(context)));
                var (change, error) = after.Minus(before);
                bool better = after.Mean < before.Mean;
                (better ? rounded : trained).Dispose();
                return (
                    better ? trained : rounded,
                    [new AutoStep("rounded", before.Mean, true), new AutoStep("trained", after.Mean, better, change, error)]
                );
            }
        );
    }

    private static List<(string Name, BitsPlan Plan)> Plans(PipelineContext context, BitsTable? table, BitsOptions options)
    {
        if (options.TargetBytes is { } target)
            return [("size-" + SizeTarget.Megabytes(target), ForSize(context, table, options, target))];
        var plans = new List<(string, BitsPlan)>();
        foreach (double bits in options.Bits)
        {
            long budget = (long)(bits * BitsPlan.Weights(context.Model) / 8);
            var plan =
                BitsPlan.Choose(context.Model, table, budget)
                ?? throw new InvalidInputException(
                    $"--bits {BitsPlan.BitsText(bits)}: even 2 bits and their scales take more in this model. Use 2.6 or more."
                );
            plans.Add(($"bits-{BitsPlan.BitsText(bits)}", plan));
        }
        return plans;
    }

    // The files hold the linear modules, what does not depend on the plan, and headers whose length does, a little.
    private static BitsPlan ForSize(PipelineContext context, BitsTable? table, BitsOptions options, long target)
    {
        var any = BitsPlan.Choose(context.Model, table, long.MaxValue / 2)!;
        long budget = target - (BitsWriter.PlannedBytes(context, any, options) - any.Bytes);
        while (BitsPlan.Choose(context.Model, table, budget) is { } plan)
        {
            long excess = BitsWriter.PlannedBytes(context, plan, options) - target;
            if (excess <= 0)
                return plan;
            budget = Math.Min(budget, plan.Bytes) - excess;
        }
        throw new InvalidInputException(
            $"--target-size {SizeTarget.Megabytes(target)}: even with 2 bits per weight the files are larger. "
                + "Ask for more, or use fewer --embedding-bits."
        );
    }

    private static QuantizedModel Evaluate(PipelineContext context, string name, BitsPlan plan, string folder, TokenWindows? windows)
    {
        using var checkpoint = Checkpoint.Open(folder);
        PerplexityResult? perplexity = null;
        if (windows is not null)
        {
            string stage = $"eval {name}";
            perplexity = context.Timed(
                stage,
                false,
                () =>
                    Perplexity.Evaluate(
                        DecoderModel.Load(checkpoint),
                        context.Backend,
                        windows,
                        done => context.Progress.Report(new StageProgress(stage, $"window {done}/{windows.Count}", done, windows.Count)),
                        context.Cancellation
                    )
            );
        }
        var steps = checkpoint.Compression!["auto"] is JsonArray tried ? tried.Select(step => AutoStep.FromJson(step!)) : [];
        var modules = new SortedDictionary<int, int>();
        foreach (var module in context.Model.Linears)
        {
            int bits = plan.Grids.TryGetValue(module.Name, out var grid) ? grid.Bits : BitsOptions.KeepEmbedding;
            modules[bits] = modules.GetValueOrDefault(bits) + 1;
        }
        return new QuantizedModel(name, plan.BitsPerWeight, checkpoint.Bytes, modules, plan.PredictedLoss, folder, perplexity, [.. steps]);
    }

    private static JsonObject Description(PipelineContext context, BitsOptions options, BitsPlan plan, string tokenHash) =>
        new()
        {
            ["format_version"] = 1,
            ["version"] = Recipe.ProgramVersion,
            ["method"] = "bits",
            ["options"] = options.ToJson(),
            ["model_hash"] = context.ModelHash,
            ["calibration_hash"] = tokenHash,
            ["module_bits"] = plan.ToJson(),
        };
}
