using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace.CompressedTensors;

/// <summary>A matrix on a grid as the three tensors of <see cref="IntegerEntries"/>, and back.</summary>
internal static class GridEntries
{
    /// <summary>What the names of a matrix's tensors end with.</summary>
    public static IReadOnlyList<string> Parts { get; } = [IntegerEntries.Packed, IntegerEntries.Scale, IntegerEntries.Shape];

    /// <summary>The tensors of a matrix.</summary>
    public static TensorEntry[] Of(string name, QuantizedMatrix matrix) =>
        IntegerEntries.Of(
            name,
            matrix.Rows,
            matrix.Columns,
            new IntegerScheme(matrix.Grid.Bits, matrix.Grid.Group),
            () => new IntegerMatrix(matrix.Rows, matrix.Columns, matrix.Grid.Bits, matrix.Grid.Group, matrix.Codes, matrix.Scales)
        );

    /// <summary>The same of a matrix that is not there yet: names, types and shapes, for sizes beforehand.</summary>
    public static TensorEntry[] Planned(string name, int rows, int columns, IntegerGrid grid) =>
        IntegerEntries.Of(
            name,
            rows,
            columns,
            new IntegerScheme(grid.Bits, grid.Group),
            () => throw new InvalidOperationException($"'{name}' is planned and has no numbers yet.")
        );

    /// <summary>The matrix of a tensor's three parts, as the files of an unfinished run hold it.</summary>
    /// <exception cref="InvalidModelException">A part is missing or does not fit the others.</exception>
    public static QuantizedMatrix Read(IReadOnlyDictionary<string, StoredTensor> tensors, string name, IntegerGrid grid)
    {
        var parts = Parts.Select(part => tensors.GetValueOrDefault(name + part)).ToArray();
        if (Array.IndexOf(parts, null) is >= 0 and var lost)
            throw new InvalidModelException(
                $"{tensors.Values.First().Source}: tensor '{name}{Parts[lost]}' is missing. Delete the folder and run again."
            );
        var packed = PackedTensors.Join(name, parts[0]!, parts[1]!, parts[2]!, new IntegerScheme(grid.Bits, grid.Group));
        var integers = IntegerMatrix.From(packed);
        var matrix = new QuantizedMatrix(grid, integers.Rows, integers.Columns);
        integers.Numbers.CopyTo(matrix.Codes, 0);
        integers.Scales.CopyTo(matrix.Scales, 0);
        GC.KeepAlive(tensors);
        return matrix;
    }
}
