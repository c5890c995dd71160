using System.Runtime.InteropServices;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>A tensor that is about to be written: its header entry, and how to produce its bytes when its turn comes.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">A plain type (not a GGUF block type).</param>
/// <param name="Shape">Axes, outermost first.</param>
/// <param name="WriteTo">Writes exactly the bytes that type and shape need, row-major, little endian.</param>
internal sealed record TensorEntry(string Name, DType Type, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    private const int ChunkNumbers = 1 << 16;

    /// <summary>Bytes in the file.</summary>
    public long ByteLength => Type.ByteCount(Shape.Aggregate(1L, (product, axis) => product * axis));

    /// <summary>The tensor as it is stored, byte for byte (rows in logical order).</summary>
    public static unsafe TensorEntry From(StoredTensor tensor) =>
        new(
            tensor.Name,
            tensor.Type,
            tensor.Shape,
            stream =>
            {
                if (tensor.RowPermutation is not null)
                {
                    for (int i = 0; i < tensor.Rows; i++)
                        WriteRow(stream, tensor, i);
                    return;
                }
                const int chunk = 1 << 24;
                for (long offset = 0; offset < tensor.ByteLength; offset += chunk)
                    stream.Write(
                        new ReadOnlySpan<byte>((void*)(tensor.Address + (nint)offset), (int)Math.Min(chunk, tensor.ByteLength - offset))
                    );
                GC.KeepAlive(tensor);
            }
        );

    /// <summary>
    /// The tensor converted to a floating-point type, a few rows at a time, and checked to be finite. One that has this type already keeps
    /// its bytes; integers are written as they are.
    /// </summary>
    /// <exception cref="NumericalException">While writing: a number is not finite, or too large for <paramref name="type"/>.</exception>
    public static TensorEntry From(StoredTensor tensor, DType type)
    {
        if (tensor.Type is DType.I64 or DType.I32 or DType.I8 or DType.U8 or DType.Bool)
            return From(tensor);
        if (!type.IsFloat())
            throw new ArgumentException($"Tensors are written as F64, F32, F16 or BF16, not as {type}.", nameof(type));
        return new(
            tensor.Name,
            type,
            tensor.Shape,
            stream =>
            {
                if (tensor.Count == 0)
                    return;
                int rows = Math.Max(1, Math.Min(tensor.Rows, ChunkNumbers / tensor.Columns));
                var numbers = new float[rows * (long)tensor.Columns];
                var bytes = new byte[type.ByteCount(numbers.Length)];
                for (int row = 0; row < tensor.Rows; row += rows)
                {
                    int count = Math.Min(rows, tensor.Rows - row);
                    var values = numbers.AsSpan(0, count * tensor.Columns);
                    tensor.WidenRows(row, count, values);
                    var narrow = bytes.AsSpan(0, checked((int)type.ByteCount(values.Length)));
                    Narrowing.Checked(values, type, narrow, tensor.Name, tensor.Source);
                    if (tensor.Type != type)
                        stream.Write(narrow);
                    else
                        for (int i = row; i < row + count; i++)
                            WriteRow(stream, tensor, i);
                }
            }
        );
    }

    /// <summary>Float32 numbers converted to <paramref name="type"/>.</summary>
    /// <exception cref="NumericalException">While writing: a number is not finite, or too large for <paramref name="type"/>.</exception>
    public static TensorEntry FromSingles(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values, DType type = DType.F32) =>
        new(
            name,
            type,
            shape,
            stream =>
            {
                var bytes = new byte[type.ByteCount(ChunkNumbers)];
                for (int i = 0; i < values.Length; i += ChunkNumbers)
                {
                    var part = values.Span.Slice(i, Math.Min(ChunkNumbers, values.Length - i));
                    var narrow = bytes.AsSpan(0, (int)type.ByteCount(part.Length));
                    Narrowing.Checked(part, type, narrow, name, "the result");
                    stream.Write(narrow);
                }
            }
        );

    /// <summary>Float64 numbers, a tensor of rank 1.</summary>
    public static TensorEntry FromDoubles(string name, ReadOnlyMemory<double> values) =>
        new(name, DType.F64, [values.Length], stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>32-bit integers, such as the indices of kept columns.</summary>
    public static TensorEntry FromInt32(string name, IReadOnlyList<long> shape, ReadOnlyMemory<int> values) =>
        new(name, DType.I32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>64-bit integers, a tensor of rank 1.</summary>
    public static TensorEntry FromInt64(string name, long[] values) =>
        new(name, DType.I64, [values.Length], stream => stream.Write(MemoryMarshal.AsBytes<long>(values)));

    private static unsafe void WriteRow(Stream stream, StoredTensor tensor, int row)
    {
        stream.Write(new ReadOnlySpan<byte>((void*)tensor.RowAddress(row), checked((int)tensor.RowBytes)));
        GC.KeepAlive(tensor);
    }
}
