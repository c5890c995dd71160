using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.States;

/// <summary>
/// Calibration sequences that no statistic has seen, and the losses of models on them: what every search judges by. The evaluation data
/// plays no part.
/// </summary>
internal sealed class HeldOutSequences(PipelineContext context, TokenSet tokens)
{
    private const string Part = "losses.safetensors",
        Tensor = "losses";

    /// <summary>Hash of the token ids, for artifact keys.</summary>
    public string Hash { get; } = tokens.Hash();

    /// <summary>How many of the calibration sequences are kept out: an eighth, at least 4 (half of fewer than 8) and at most 32.</summary>
    public static int Count(int sequences) => Math.Clamp(sequences / 8, Math.Min(4, sequences / 2), 32);

    /// <summary>Losses of a whole model.</summary>
    public HeldOutLoss Loss(DecoderModel model)
    {
        using var states = Embed(model);
        return states.Loss(model);
    }

    /// <summary>Losses of a whole model, measured with other processes and kept in an artifact.</summary>
    public HeldOutLoss Loss(DecoderModel model, Artifact artifact)
    {
        using (var states = Embed(model))
            SharedNumbers.Run(
                context,
                artifact,
                Part,
                HiddenStates.Batches(tokens),
                (first, count) => states.Losses(model, first, count),
                losses => TensorEntry.FromDoubles(Tensor, losses)
            );
        return Find(artifact)!;
    }

    /// <summary>The losses that an artifact has; null for none.</summary>
    public static HeldOutLoss? Find(Artifact artifact)
    {
        if (!artifact.Has(Part))
            return null;
        using var file = SafeTensorsFile.Open(artifact.Part(Part));
        return new HeldOutLoss(file[Tensor].Doubles().ToArray());
    }

    /// <summary>The sequences in front of the first layer of a model.</summary>
    public HeldOutStates Embed(DecoderModel model) => new(context, tokens, model);
}
