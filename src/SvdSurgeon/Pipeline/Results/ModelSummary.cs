using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>What there is to know of a model without computing anything.</summary>
/// <param name="Parameters">Every stored floating-point number; a tied head counts once.</param>
/// <param name="LinearParameters">Numbers stored for the linear modules that compression touches.</param>
/// <param name="StorageTypes">Bytes by storage type, largest first.</param>
/// <param name="Modules">The linear modules, in data-flow order.</param>
internal sealed record ModelSummary(
    long Parameters,
    long LinearParameters,
    IReadOnlyList<KeyValuePair<string, long>> StorageTypes,
    IReadOnlyList<LinearModule> Modules
)
{
    /// <summary>Summarizes an opened model.</summary>
    public static ModelSummary Of(Checkpoint checkpoint)
    {
        var model = DecoderModel.Load(checkpoint);
        var types = checkpoint
            .Tensors.Values.GroupBy(t => t.Type.ToString())
            .Select(g => KeyValuePair.Create(g.Key, g.Sum(t => t.ByteLength)))
            .OrderByDescending(p => p.Value);
        return new ModelSummary(
            checkpoint.Tensors.Values.Sum(t => t.Count),
            model.Linears.Sum(m => m.ParameterCount),
            [.. types],
            model.Linears
        );
    }
}
