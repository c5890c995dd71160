using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// From storage types to float32 and back. Launch for matrices: (rows, ⌈n/g⌉), g threads, one per number. No shared memory, memory bound.
/// </summary>
public static class StorageKernels
{
    /// <summary>
    /// y[t, j] = stored[map[t], j]: widening and dequantisation of whole weights (map: stored row of every logical row, or empty), and
    /// embedding (map: token ids). y: rows × n; data: rows of <paramref name="rowBytes"/> bytes of type <see cref="StorageTypes"/>. Reads
    /// the stored bytes once, writes 4 bytes per number; 1 to 25 integer operations per number.
    /// </summary>
    public static void WidenRows(ArrayView<byte> data, int type, long rowBytes, ArrayView<int> map, ArrayView<float> y, int n)
    {
        int row = Grid.IdxX,
            j = Grid.IdxY * Group.DimX + Group.IdxX;
        if (j >= n)
            return;
        int source = map.Length != 0 ? map[row] : row;
        y[(long)row * n + j] = BlockFormats.Read(data, type, source * rowBytes, j);
    }

    /// <summary>
    /// y[t, j] += table[offset + t mod T, j], the learned positions of OPT. y: B·T × n. Reads 4 bytes and a stored number, writes 4 bytes
    /// per number.
    /// </summary>
    public static void AddPositions(
        ArrayView<byte> table,
        int type,
        long rowBytes,
        int offset,
        int sequenceLength,
        ArrayView<float> y,
        int n
    )
    {
        int row = Grid.IdxX,
            j = Grid.IdxY * Group.DimX + Group.IdxX;
        if (j >= n)
            return;
        y[(long)row * n + j] += BlockFormats.Read(table, type, (offset + row % sequenceLength) * rowBytes, j);
    }

    /// <summary>
    /// y = x rounded to bf16 or fp16 (to nearest, ties to even; beyond 65504 an fp16 is infinite). Flat, N numbers, the grid striding.
    /// Reads 4N bytes, writes 2N.
    /// </summary>
    public static void Narrow(ArrayView<float> x, ArrayView<ushort> y, int type)
    {
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < y.Length; i += step)
            y[i] = (ushort)(type == StorageTypes.BF16 ? SixteenBit.ToBf16(x[i]) : SixteenBit.ToHalf(x[i]));
    }

    /// <summary>y[t, j] = x[t, indices[j]]. x: rows × wide, y: rows × n. Reads 4 bytes per number (gathered), writes 4.</summary>
    public static void GatherColumns(ArrayView<float> x, int wide, ArrayView<int> indices, ArrayView<float> y, int n)
    {
        int row = Grid.IdxX,
            j = Grid.IdxY * Group.DimX + Group.IdxX;
        if (j >= n)
            return;
        y[(long)row * n + j] = x[(long)row * wide + indices[j]];
    }

    /// <summary>
    /// y[t, indices[j]] = x[t, j], or += when accumulate is not 0. x: rows × n, y: rows × wide. Indices are distinct. 8 or 12 bytes per
    /// number.
    /// </summary>
    public static void ScatterColumns(ArrayView<float> x, int n, ArrayView<int> indices, ArrayView<float> y, int wide, int accumulate)
    {
        int row = Grid.IdxX,
            j = Grid.IdxY * Group.DimX + Group.IdxX;
        if (j >= n)
            return;
        long at = (long)row * wide + indices[j];
        float value = x[(long)row * n + j];
        y[at] = accumulate != 0 ? y[at] + value : value;
    }
}
