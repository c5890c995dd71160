using System.Runtime.InteropServices;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace.CompressedTensors;

/// <summary>
/// An integer matrix as a file has it: <c>NAME_packed</c> I32 [m, ⌈n·b/32⌉], <c>NAME_scale</c> F16 [m, ⌈n/g⌉] and <c>NAME_shape</c> I64
/// [2].
/// </summary>
internal static class IntegerEntries
{
    /// <summary>What follows the name of the packed words.</summary>
    public const string Packed = "_packed";

    /// <summary>What follows the name of the scales.</summary>
    public const string Scale = "_scale";

    /// <summary>What follows the name of the shape.</summary>
    public const string Shape = "_shape";

    /// <summary>The three tensors of a matrix.</summary>
    /// <param name="name">Name of the whole, such as model.layers.0.mlp.up_proj.weight.</param>
    /// <param name="rows">m.</param>
    /// <param name="columns">n.</param>
    /// <param name="scheme">Bits and group.</param>
    /// <param name="make">Makes the matrix when its words are written, and once more should the scales come first; only the scales are kept
    /// in between.</param>
    public static TensorEntry[] Of(string name, int rows, int columns, IntegerScheme scheme, Func<IntegerMatrix> make)
    {
        int group = scheme.GroupSize == 0 ? columns : scheme.GroupSize;
        Half[]? scales = null;
        return
        [
            TensorEntry.FromInt64(name + Shape, [rows, columns]),
            new(
                name + Packed,
                DType.I32,
                [rows, IntegerGroups.Words(columns, scheme.Bits)],
                stream =>
                {
                    var matrix = make();
                    scales = matrix.Scales;
                    stream.Write(MemoryMarshal.AsBytes(matrix.Packed().AsSpan()));
                }
            ),
            new(
                name + Scale,
                DType.F16,
                [rows, (columns + group - 1) / group],
                stream => stream.Write(MemoryMarshal.AsBytes((scales ?? make().Scales).AsSpan()))
            ),
        ];
    }
}
