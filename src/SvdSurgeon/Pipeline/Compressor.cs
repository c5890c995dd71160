using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Chat;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Comparing;
using SvdSurgeon.Evaluation.Tasks;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Search;
using SvdSurgeon.Pipeline.Shares;
using SvdSurgeon.Pipeline.Sources;
using SvdSurgeon.Pipeline.Stages;
using SvdSurgeon.Pipeline.States;
using SvdSurgeon.Pipeline.Statistics;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// Compresses a model: the stages of <see cref="CompressionStages"/>, then one folder a ratio and its evaluation. Every stage leaves
/// artifacts, so that another ratio needs no forward pass and a run that was killed goes on where it stopped.
/// </summary>
public static class Compressor
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
    public static Task<CompressionResult> RunAsync(
        CompressionJob job,
        ComputeDevice? device = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(job);
        PropertyWords.Check(job.Target is null ? job.Options.Validate : job.Options.ValidateForTarget, nameof(job));
        if (job.Target is PerplexityTarget && job.Evaluation is null)
            throw new ArgumentException($"{nameof(job.Target)} is a perplexity: {nameof(job.Evaluation)} is needed.", nameof(job));
        return ComputeDevice.RunAsync(device, backend => Run(job, backend, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Runs the job.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="backend">The device.</param>
    /// <param name="progress">Where progress goes, or null.</param>
    /// <param name="cancellation">Stops between batches; the same job resumes.</param>
    /// <exception cref="InvalidInputException">An option, the calibration data or the output folder cannot be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    internal static CompressionResult Run(
        CompressionJob job,
        IBackend backend,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var options = job.Options;
        if (job.Target is null)
            options.Validate();
        else
            options.ValidateForTarget();
        if (job.Target is PerplexityTarget && job.Evaluation is null)
            throw new InvalidInputException($"{job.Target.Text} needs evaluation data: give --eval-text or --eval-tokens.");
        var work = new WorkFolder(
            job.WorkFolder ?? Path.Combine(job.OutputFolder, ResultFolder.Work),
            job.Statistics is null ? null : GivenStatistics.Open(job.Statistics)
        )
        {
            Sharing = job.Sharing,
        };
        var output = new ResultFolder(job.OutputFolder);
        // Who started the workers keeps others out.
        if (!job.Sharing.WithOthers)
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
            options.WrittenType
        );
        if (GgufTextFiles.Problem(job.Model) is { } problem)
            context.Warn(problem);
        if (!options.Dense)
            ModelingFile.RequireFamily(context.Model.Config.ModelType);
        if (options.MeasuresKl || options.Newton > 0)
            context.Model.RequireUncappedLogits();
        if (options.BiasCorrection && options.Dense && context.Model.Linears.FirstOrDefault(m => m.Bias is null) is { } unbiased)
            throw new InvalidInputException(
                $"--bias-correction with --dense: {unbiased.Name} has no bias, and other programs would ignore one that is added. Leave "
                    + $"out one of the two."
            );
        var made = RecipeOf(job, context.ModelHash);
        var split = CalibrationSplit.Of(options, job.Calibration);
        using var inUse = job.Sharing.WithOthers ? null : output.Claim();
        using var inWork = work.Claim();

        var stages = new CompressionStages(context, split.Whitening, split.Fisher, split.Kl);
        (CompressionOptions Options, IReadOnlyList<AutoStep> Steps) Choose(double ratio)
        {
            if (split.HeldOut is null)
                return (options, []);
            // One pass for all that the candidates need.
            DenseStatistics.Collect(context, options.Method, split.Whitening);
            var waterfall = new Waterfall(context, stages, new HeldOutSequences(context, split.HeldOut), ratio);
            AutoSearch.Run(waterfall, options);
            return (waterfall.Best, waterfall.Steps);
        }
        TokenWindows? windows = null;
        if (job.Target is { } target)
        {
            if (target is PerplexityTarget)
                windows = job.Evaluation!();
            options = options with
            {
                Ratios = [new TargetSearch(context, stages).Find(target, options, ratio => Choose(ratio).Options, windows)],
            };
            made = made.For(options.Ratios);
        }

        // A folder with the same description already holds the result.
        var descriptions = options.Ratios.ToDictionary(
            ratio => ratio,
            ratio => Description(options, context, ratio, split.Whitening.Hash(), split.Fisher.Hash(), split.Kl.Hash())
        );
        foreach (var (ratio, description) in descriptions)
            output.Check(ratio, description);
        if (!job.Sharing.WithOthers)
            output.WriteRecipe(made);
        foreach (double ratio in options.Ratios)
        {
            if (output.Has(ratio, descriptions[ratio]))
                continue;
            var (chosen, steps) = Choose(ratio);
            using var modules = stages.Modules(ratio, chosen);
            string folder = output.Folder(ratio);
            void Write() => ModelWriter.Write(context, modules, chosen, steps, descriptions[ratio], made.For([ratio]), folder);
            context.Timed(
                $"write {CompressionPlan.RatioText(ratio)}",
                false,
                () =>
                {
                    context.Sharing.Run([new Piece($"write/{ratio}", () => Directory.Exists(folder), Write)]);
                    return true;
                }
            );
        }
        windows ??= job.Evaluation?.Invoke();
        var dense = windows is null ? null : DensePerplexity.Of(context, windows);
        // Tasks are not shared: who started the workers evaluates them.
        var tasks = job.Sharing.WithOthers ? [] : job.Tasks?.Invoke() ?? [];
        var denseTasks = EvaluateTasks(context, "dense", job.Model, tasks);
        var result = new CompressionResult(
            [
                .. options.Ratios.Select(ratio =>
                    Evaluate(context, ratio, descriptions[ratio], output.Folder(ratio), windows, dense, tasks, denseTasks)
                ),
            ],
            context.Times,
            context.Warnings
        )
        {
            Dense = dense,
        };
        if (!job.Sharing.WithOthers)
            RunLog.Add(job.OutputFolder, options, result);
        return result;
    }

    private static CompressedModel Evaluate(
        PipelineContext context,
        double ratio,
        JsonObject description,
        string folder,
        TokenWindows? windows,
        PerplexityResult? dense,
        IReadOnlyList<TaskSet> tasks,
        IReadOnlyList<TaskResult> denseTasks
    )
    {
        using var checkpoint = Checkpoint.Open(folder);
        PerplexityResult? perplexity = null;
        if (windows is not null)
        {
            string stage = $"eval {CompressionPlan.RatioText(ratio)}";
            perplexity = context.Timed(
                stage,
                false,
                () => StoredPerplexity.OfResult(context, stage, description, DecoderModel.Load(checkpoint), windows)
            );
            if (!context.Sharing.WithOthers)
                ModelMetrics.AddEvaluation(folder, windows, dense!, perplexity);
        }
        List<TaskComparison> compared =
        [
            .. denseTasks.Zip(
                EvaluateTasks(context, CompressionPlan.RatioText(ratio), checkpoint, tasks),
                (before, after) => new TaskComparison(before, after)
            ),
        ];
        if (compared.Count > 0 && !context.Sharing.WithOthers)
            ModelMetrics.AddTasks(folder, compared);
        var about = checkpoint.Compression!;
        long before = (long)about["parameters_before"]!,
            after = (long)about["parameters_after"]!;
        var steps = about["auto"] is JsonArray tried ? tried.Select(step => AutoStep.FromJson(step!)) : [];
        return new CompressedModel(ratio, (double)after / before, before, after, checkpoint.Bytes, folder, perplexity, [.. steps])
        {
            Tasks = compared,
        };
    }

    private static List<TaskResult> EvaluateTasks(PipelineContext context, string name, Checkpoint checkpoint, IReadOnlyList<TaskSet> tasks)
    {
        if (tasks.Count == 0)
            return [];
        var model = DecoderModel.Load(checkpoint);
        var tokenizer = Tokenizer.Open(checkpoint.Path);
        string stage = $"tasks {name}";
        return context.Timed(
            stage,
            false,
            () =>
                tasks
                    .Select(task =>
                        TaskEvaluation.Evaluate(
                            model,
                            context.Backend,
                            tokenizer,
                            task,
                            itemsDone: done =>
                                context.Progress.Report(
                                    new StageProgress(stage, $"{task.Name}, item {done}/{task.Count}", done, task.Count)
                                ),
                            cancellation: context.Cancellation
                        )
                    )
                    .ToList()
        );
    }

    // The recipe that repeats the job, with the hashes of what was really read.
    private static Recipe RecipeOf(CompressionJob job, string modelHash)
    {
        var recipe =
            job.Recipe
            ?? new Recipe
            {
                Model = new SourceFile(job.Model.Path),
                Calibration = new CalibrationSource(),
                Options = job.Options,
            };
        recipe.Model.RequireModel(job.Model.Path, modelHash);
        return recipe with
        {
            Version = Recipe.ProgramVersion,
            Model = recipe.Model with { Hash = modelHash },
            Calibration = recipe.Calibration with { Length = job.Calibration.Length, TokenHash = job.Calibration.Hash() },
            Options = job.Options,
        };
    }

    private static JsonObject Description(
        CompressionOptions options,
        PipelineContext context,
        double ratio,
        string whiteningHash,
        string fisherHash,
        string klHash
    )
    {
        var description = new JsonObject
        {
            ["format_version"] = 1,
            ["version"] = Recipe.ProgramVersion,
            ["method"] = options.Method.Name,
            ["surgeon"] = options.Surgeon.ToString().ToLowerInvariant(),
            ["ratio"] = ratio,
            ["options"] = options.ToJson(),
            ["model_hash"] = context.ModelHash,
        };
        if (options.Method.NeedsCalibration)
            description["calibration_hash"] = whiteningHash;
        if (options.NeedsFisher)
            description["fisher_hash"] = fisherHash;
        if (options.MeasuresKl)
            description["kl_hash"] = klHash;
        return description;
    }
}
