using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// Compresses a model: input statistics → factors → spectral gradients → one folder a ratio → evaluation. Every stage leaves artifacts, so that
/// another ratio needs no forward pass and a run that was killed goes on where it stopped.
/// </summary>
public static class Compressor
{
    /// <summary>Runs the job.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="backend">The device.</param>
    /// <param name="progress">Where progress goes, or null.</param>
    /// <param name="cancellation">Stops between batches; the same job resumes.</param>
    /// <exception cref="InvalidInputException">An option, the calibration data or the output folder cannot be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    public static CompressionResult Run(CompressionJob job, IBackend backend, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        var options = job.Options;
        options.Validate();
        if (job.Model.Compression is not null)
            throw new InvalidModelException($"{job.Model.Path} is already compressed. Compress the dense model instead.");
        var model = DecoderModel.Load(job.Model);
        job.Calibration.Validate(model.Config.VocabSize, model.Config.MaxPositions, "calibration data");

        FiniteWeights.Require(job.Model, cancellation);

        var output = new ResultFolder(job.OutputFolder);
        output.Claim();
        var work = new WorkFolder(job.WorkFolder ?? Path.Combine(job.OutputFolder, ResultFolder.Work));
        var context = new PipelineContext(model, ModelHash.Of(job.Model, cancellation), backend, work, progress ?? new Progress<StageProgress>(), cancellation);
        var whitening = job.Calibration.Take(options.Sequences);
        var fisher = job.Calibration.Take(options.FisherSequences);

        // What the folders' recipes say; a folder that has the same recipe already holds the result.
        var plans = options.Ratios.Select(ratio => CompressionPlan.Uniform(model, ratio, options)).ToList();
        var recipes = plans.Select(plan => Recipe(job, context, plan, whitening.Hash(), fisher.Hash())).ToList();
        for (int i = 0; i < plans.Count; i++) output.Check(plans[i].Ratio, recipes[i]);

        bool whiten = options.Method == CompressionMethod.Whiten, operate = options.Surgeon != SurgeonMode.None;
        var pending = plans.Select((plan, i) => (plan, recipe: recipes[i])).Where(p => !output.Has(p.plan.Ratio, p.recipe)).ToList();
        if (pending.Count > 0)
        {
            var statistics = whiten ? InputStatistics.Collect(context, whitening) : null;
            var factors = ModuleFactors.Compute(context, options.Method, statistics, options.SurgeonOptions.PoolFraction);
            var gradients = operate ? SpectralGradients.Collect(context, factors, fisher) : null;
            foreach (var (plan, recipe) in pending)
                context.Timed($"write {ResultFolder.RatioText(plan.Ratio)}", false, () =>
                {
                    ModelWriter.Write(context, job.Model, plan, factors, gradients, options, recipe, output.Folder(plan.Ratio));
                    return true;
                });
        }
        var results = plans.Select(plan => Evaluate(context, output.Folder(plan.Ratio), plan, job.Evaluation)).ToList();
        return new CompressionResult(results, context.Times);
    }

    private static CompressedModel Evaluate(PipelineContext context, string folder, CompressionPlan plan, TokenWindows? windows)
    {
        using var checkpoint = Checkpoint.Open(folder);
        PerplexityResult? perplexity = null;
        if (windows is not null)
        {
            string stage = $"eval {ResultFolder.RatioText(plan.Ratio)}";
            perplexity = context.Timed(stage, false, () => Perplexity.Evaluate(DecoderModel.Load(checkpoint), context.Backend, windows,
                done => context.Progress.Report(new StageProgress(stage, $"window {done}/{windows.Count}", done, windows.Count)), context.Cancellation));
        }
        return new CompressedModel(plan.Ratio, plan.AchievedRatio, plan.Before, plan.After, checkpoint.Bytes, folder, perplexity);
    }

    private static JsonObject Recipe(CompressionJob job, PipelineContext context, CompressionPlan plan, string whiteningHash, string fisherHash)
    {
        var options = job.Options;
        var recipe = new JsonObject
        {
            ["format_version"] = 1,
            ["version"] = typeof(Compressor).Assembly.GetName().Version!.ToString(3),
            ["method"] = options.Method.ToString().ToLowerInvariant(),
            ["surgeon"] = options.Surgeon.ToString().ToLowerInvariant(),
            ["ratio"] = plan.Ratio,
            ["achieved_ratio"] = plan.AchievedRatio,
            ["parameters_before"] = plan.Before,
            ["parameters_after"] = plan.After,
            ["options"] = options.ToJson(),
            ["model_hash"] = context.ModelHash,
        };
        if (options.Method == CompressionMethod.Whiten) recipe["calibration_hash"] = whiteningHash;
        if (options.Surgeon != SurgeonMode.None) recipe["fisher_hash"] = fisherHash;
        var ranks = new JsonObject();
        foreach (var module in plan.Modules) ranks[module.Name] = module.Rank;
        recipe["ranks"] = ranks;
        return recipe;
    }
}
