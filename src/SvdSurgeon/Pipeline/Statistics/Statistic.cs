using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>A statistic that is summed over calibration tokens: where it is kept and how it is made.</summary>
/// <param name="Artifact">A part a layer.</param>
/// <param name="Collect">Sums for these layers.</param>
/// <param name="Bytes">Memory that the sums of a layer take, those of the block and those of all blocks.</param>
/// <param name="Finish">What is written of a layer's sums when all blocks are in; null for the sums themselves.</param>
internal sealed record Statistic(
    Artifact Artifact,
    Func<IReadOnlyList<DecoderLayer>, LayerSums> Collect,
    Func<DecoderLayer, long> Bytes,
    Func<DecoderLayer, Sums, IEnumerable<TensorEntry>>? Finish = null
)
{
    /// <summary>Writes the layer's part.</summary>
    public void Write(DecoderLayer layer, Sums sums) =>
        Artifact.Write(ArtifactParts.Layer(layer.Index), Finish is null ? sums.Entries() : Finish(layer, sums));

    /// <summary>Whether the layer's part is missing.</summary>
    public bool Lacks(int layer) => !Artifact.Has(ArtifactParts.Layer(layer));

    /// <summary>Whether any layer's part is missing.</summary>
    public bool IsIncomplete(DecoderModel model) => model.Layers.Any(layer => Lacks(layer.Index));
}
