using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Chat;
using SvdSurgeon.Evaluation;
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
        var options = job.Options;
        options.Validate();
        if (options.PerplexityIncrease is { } wanted && job.Evaluation is null)
            throw new InvalidInputException(
                $"{new PerplexityTarget(wanted).Text} needs evaluation data: give --eval-text or --eval-tokens."
            );
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
        var recipe = job.RecipeOf(context.ModelHash);
        var (tokens, heldOut) = Split(job);
        RequireMemory(context, options, tokens);
        BitsPlans.Check(context.Source, context.Model, options);
        using var inUse = output.Claim();
        using var inWork = work.Claim();

        var statistics = BitsStatistics.Collect(context, tokens);
        var tables = new Dictionary<bool, BitsTable>();
        BitsTable? Table(bool small)
        {
            if (options.EqualBits)
                return null;
            if (!tables.TryGetValue(small, out var table))
                tables[small] = table = BitsTable.Of(context, statistics, options.Rounding, small);
            return table;
        }
        var dense = new Lazy<DenseOutputs>(() => DenseOutputs.Of(context, tokens));
        (RoundedModules, IReadOnlyList<AutoStep>) Make(string name, BitsPlan plan, BitsOptions with) =>
            Modules(context, plan, with, statistics, tokens, heldOut, dense, name);
        TokenWindows? windows = null;
        if (options.PerplexityIncrease is { } increase)
        {
            windows = job.Evaluation!();
            double bits = new BitsTargetSearch(context, Table(false), windows, Make).Find(new PerplexityTarget(increase), options);
            options = options with { Bits = [bits], PerplexityIncrease = null };
            recipe = recipe with { Options = options };
        }
        var plans = BitsPlans.Of(context.Source, context.Model, Table, options);
        string tokenHash = job.Calibration.Take(options.Sequences).Hash();
        foreach (var (name, plan) in plans)
            output.Check(name, Description(context, options, plan, tokenHash));
        recipe.WriteInto(job.OutputFolder);
        foreach (var (name, plan) in plans)
        {
            var description = Description(context, options, plan, tokenHash);
            if (output.Has(name, description))
                continue;
            var (modules, steps) = Make(name, plan, options);
            var own = options.TargetBytes is null ? recipe.For([options.Bits[plans.FindIndex(p => p.Name == name)]]) : recipe;
            using (modules)
                context.Timed(
                    $"write {name}",
                    false,
                    () =>
                    {
                        BitsWriter.Write(context, plan, options, modules, steps, description, own, output.Folder(name));
                        return true;
                    }
                );
        }
        if (dense.IsValueCreated)
            dense.Value.Dispose();
        windows ??= job.Evaluation?.Invoke();
        var densePerplexity = windows is null ? null : DensePerplexity.Of(context, windows);
        var result = new BitsResult(
            [.. plans.Select(p => BitsEvaluation.Read(context, p.Name, p.Plan, output.Folder(p.Name), windows, densePerplexity))],
            densePerplexity,
            context.Times,
            context.Warnings
        );
        RunLog.Add(job.OutputFolder, "bits", [.. result.Models.Select(model => model.Bits)], result.Stages, result.Warnings);
        return result;
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
        if (heldOut is null || options.TrainingSteps == 0)
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
