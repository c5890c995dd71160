using System.Runtime.ExceptionServices;
using SvdSurgeon.Formats;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tensors.Blocks;

namespace SvdSurgeon.Export;

/// <summary>
/// Tensors rounded to any storage type on the way to a file, a few rows at a time, on several threads; the bytes do not depend on how many.
/// </summary>
internal static class BlockRows
{
    private const int ChunkNumbers = 1 << 20;

    /// <summary>The tensor in <paramref name="type"/>; one that has this type already keeps its bytes.</summary>
    /// <param name="tensor">What to write; its rows hold whole blocks.</param>
    /// <param name="type">A float or a block type.</param>
    /// <param name="threads">0: one per processor.</param>
    /// <exception cref="NumericalException">While writing: a number is not finite, or too large for the type.</exception>
    public static TensorEntry Entry(StoredTensor tensor, DType type, int threads)
    {
        if (!type.IsQuantized())
            return TensorEntry.From(tensor, type);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads };
        return new TensorEntry(tensor.Name, type, tensor.Shape, stream => Write(stream, tensor, type, parallel));
    }

    private static void Write(Stream stream, StoredTensor tensor, DType type, ParallelOptions parallel)
    {
        int rowBytes = checked((int)type.ByteCount(tensor.Columns));
        int rows = Math.Clamp(ChunkNumbers / Math.Max(1, tensor.Columns), 1, Math.Max(1, tensor.Rows));
        var bytes = new byte[rows * (long)rowBytes];
        for (int first = 0; first < tensor.Rows; first += rows)
        {
            int count = Math.Min(rows, tensor.Rows - first),
                start = first;
            try
            {
                Parallel.For(
                    0,
                    count,
                    parallel,
                    () => new float[tensor.Columns],
                    (i, _, row) => Round(tensor, start + i, type, row, bytes, i * rowBytes),
                    _ => { }
                );
            }
            catch (AggregateException error)
            {
                ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
            }
            stream.Write(bytes, 0, count * rowBytes);
        }
    }

    // One row into bytes; returns the thread's buffer.
    private static unsafe float[] Round(StoredTensor tensor, int index, DType type, float[] row, byte[] bytes, int at)
    {
        tensor.WidenRows(index, 1, row);
        var destination = bytes.AsSpan(at, checked((int)type.ByteCount(row.Length)));
        Narrowing.RequireHeld(row, type, tensor.Name, tensor.Source);
        if (tensor.Type != type)
            BlockNarrowing.FromSingle(row, type, destination);
        else
        {
            new ReadOnlySpan<byte>((void*)tensor.RowAddress(index), destination.Length).CopyTo(destination);
            GC.KeepAlive(tensor);
        }
        return row;
    }
}
