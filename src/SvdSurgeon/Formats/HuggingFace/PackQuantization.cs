using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>
/// Integer weights in compressed-tensors' format "pack-quantized": for a tensor T of a group of modules T_packed (32-bit words), T_scale
/// (fp16, one for every group of
/// a row) and T_shape.
/// </summary>
internal static class PackQuantization
{
    /// <summary>What the name of a matrix's words ends with.</summary>
    public const string Packed = "_packed";

    private const string Scale = "_scale",
        Shape = "_shape";

    /// <summary>What the names of a matrix's tensors end with.</summary>
    public static IReadOnlyList<string> Parts { get; } = [Packed, Scale, Shape];

    /// <summary>The tensors of a matrix.</summary>
    public static IEnumerable<TensorEntry> Entries(string name, QuantizedMatrix matrix)
    {
        int bits = matrix.Grid.Bits;
        yield return TensorEntry.FromInt32(
            name + Packed,
            [matrix.Rows, matrix.Grid.WordsPerRow(matrix.Columns)],
            PackedIntegers.Pack(matrix.Codes, matrix.Rows, matrix.Columns, bits)
        );
        float[] scales = [.. matrix.Scales.Select(scale => (float)scale)];
        yield return TensorEntry.FromSingles(name + Scale, [matrix.Rows, matrix.GroupsPerRow], scales, DType.F16);
        yield return TensorEntry.FromInt64(name + Shape, [matrix.Rows, matrix.Columns]);
    }

    /// <summary>The matrix of a tensor's three parts, as the files of an unfinished run hold it.</summary>
    /// <exception cref="InvalidModelException">A part is missing or does not fit the others.</exception>
    public static QuantizedMatrix Read(IReadOnlyDictionary<string, StoredTensor> tensors, string name, int bits)
    {
        var (packed, scale, shape) = (Part(tensors, name, Packed), Part(tensors, name, Scale), Part(tensors, name, Shape));
        if (packed.Type != DType.I32 || scale.Type != DType.F16 || shape.Type != DType.I64 || shape.Count != 2)
            throw Damaged(packed, $"'{name}' is stored as {packed.Type}, {scale.Type} and {shape.Type}, not as I32, F16 and I64");
        var sizes = Numbers<long>(shape);
        long rows = sizes[0],
            columns = sizes[1];
        if (rows < 1 || columns < 1 || rows * columns > int.MaxValue || scale.Rows != rows || columns % Math.Max(1, scale.Columns) != 0)
            throw Damaged(packed, $"'{name}' is said to be {rows} × {columns} with {scale.Rows} × {scale.Columns} scales");
        var grid = new IntegerGrid(bits, (int)columns / Math.Max(1, scale.Columns));
        if (packed.Rows != rows || packed.Columns != grid.WordsPerRow((int)columns))
            throw Damaged(
                packed,
                $"'{name}' has {packed.Rows} × {packed.Columns} words; {rows} × {columns} numbers of {bits} bits have another count"
            );
        var matrix = new QuantizedMatrix(grid, (int)rows, (int)columns);
        PackedIntegers.Unpack(Numbers<int>(packed), matrix.Rows, matrix.Columns, bits, matrix.Codes);
        Numbers<Half>(scale).CopyTo(matrix.Scales);
        GC.KeepAlive(tensors);
        return matrix;
    }

    private static StoredTensor Part(IReadOnlyDictionary<string, StoredTensor> tensors, string name, string part) =>
        tensors.TryGetValue(name + part, out var tensor)
            ? tensor
            : throw new InvalidModelException($"{tensors.Values.First().Source}: tensor '{name}{part}' is missing. Fetch the file again.");

    private static unsafe ReadOnlySpan<T> Numbers<T>(StoredTensor tensor)
        where T : unmanaged => new((void*)tensor.Address, checked((int)tensor.Count));

    private static InvalidModelException Damaged(StoredTensor tensor, string what) =>
        new($"{tensor.Source}: {what}. The file is damaged, or belongs to another config.json.");
}
