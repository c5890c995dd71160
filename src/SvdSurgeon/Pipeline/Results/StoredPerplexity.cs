using System.Text.Json.Nodes;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>The perplexity of a model that several processes evaluate, kept in the work folder.</summary>
internal static class StoredPerplexity
{
    private const string Stage = "eval",
        Part = "perplexity.safetensors",
        Tensor = "perplexity";

    // As Perplexity has it; what a window gives does not depend on its company.
    private const int TokensAtOnce = 2048;

    /// <summary>Where the perplexity of a model is kept.</summary>
    /// <param name="context">The run.</param>
    /// <param name="model">What the model is known by.</param>
    /// <param name="windows">Evaluation data.</param>
    public static Artifact Open(PipelineContext context, JsonNode model, TokenWindows windows) =>
        context.Work.Open(Stage, new JsonObject { ["model"] = model, ["windows"] = windows.Hash() });

    /// <summary>The perplexity that is there; null for none.</summary>
    public static PerplexityResult? Find(Artifact artifact, TokenWindows windows)
    {
        if (!artifact.Has(Part))
            return null;
        using var file = SafeTensorsFile.Open(artifact.Part(Part));
        var values = file[Tensor].Doubles();
        return new PerplexityResult(values[0], values[1], values[2], windows.Count, (long)windows.Count * windows.Length, 0);
    }

    /// <summary>Keeps a perplexity.</summary>
    public static void Write(Artifact artifact, PerplexityResult result) => artifact.Write(Part, [Entry(result)]);

    /// <summary>
    /// The perplexity of a result: evaluated here, with other processes, or found where those have left it, which has served then.
    /// </summary>
    public static PerplexityResult OfResult(
        PipelineContext context,
        string stage,
        JsonObject description,
        DecoderModel model,
        TokenWindows windows
    )
    {
        if (context.Sharing is { WithOthers: false, Before: null })
            return Evaluate(context, stage, model, windows);
        var artifact = Open(context, description.DeepClone(), windows);
        var found = Find(artifact, windows);
        if (context.Sharing.WithOthers)
            return found ?? Share(context, artifact, model, windows);
        context.Work.Discard(artifact.Folder);
        return found ?? Evaluate(context, stage, model, windows);
    }

    /// <summary>Evaluates a model here.</summary>
    public static PerplexityResult Evaluate(PipelineContext context, string stage, DecoderModel model, TokenWindows windows) =>
        Perplexity.Evaluate(
            model,
            context.Backend,
            windows,
            done => context.Progress.Report(new StageProgress(stage, $"window {done}/{windows.Count}", done, windows.Count)),
            context.Cancellation
        );

    /// <summary>Evaluates a model with the other processes, some windows each.</summary>
    public static PerplexityResult Share(PipelineContext context, Artifact artifact, DecoderModel model, TokenWindows windows)
    {
        int atOnce = Math.Max(1, TokensAtOnce / windows.Length);
        SharedNumbers.Run(
            context,
            artifact,
            Part,
            [
                .. Enumerable
                    .Range(0, (windows.Count + atOnce - 1) / atOnce)
                    .Select(batch => (batch * atOnce, Math.Min(atOnce, windows.Count - batch * atOnce))),
            ],
            (first, count) =>
            {
                var losses = new double[count];
                ForwardBackward.Forward(
                    model,
                    context.Backend,
                    windows.Slice(first, count),
                    windows.Length,
                    losses,
                    options: new PassOptions { TokensAtOnce = TokensAtOnce },
                    cancellationToken: context.Cancellation
                );
                return losses;
            },
            losses => Entry(Perplexity.Summarize(losses, windows.Length, 0))
        );
        return Find(artifact, windows)!;
    }

    private static TensorEntry Entry(PerplexityResult result) =>
        TensorEntry.FromDoubles(Tensor, new[] { result.Ppl, result.MeanNll, result.LogSe });
}
