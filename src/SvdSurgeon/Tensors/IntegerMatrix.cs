using System.Runtime.InteropServices;

namespace SvdSurgeon.Tensors;

/// <summary>A matrix of small integers with a scale per group of columns, W = q·scale, before it is packed.</summary>
/// <param name="Rows">m.</param>
/// <param name="Columns">n.</param>
/// <param name="Bits">Bits per number, 1 to 8.</param>
/// <param name="GroupSize">Columns that share a scale; the last group may be shorter.</param>
/// <param name="Numbers">q, m × n, row-major, within <see cref="IntegerGroups.Range"/>.</param>
/// <param name="Scales">m × ⌈n / group⌉, row-major.</param>
internal sealed record IntegerMatrix(int Rows, int Columns, int Bits, int GroupSize, sbyte[] Numbers, Half[] Scales)
{
    /// <summary>Groups per row.</summary>
    public int Groups => (Columns + GroupSize - 1) / GroupSize;

    /// <summary>A packed tensor, unpacked; its scales are F16.</summary>
    public static IntegerMatrix From(StoredTensor packed)
    {
        var groups = packed.Groups!;
        var numbers = new sbyte[checked((int)packed.Count)];
        var scales = new List<Half>(packed.Rows * groups.Scales.Columns);
        var row = new float[packed.Columns];
        var rowScales = new float[groups.Scales.Columns];
        for (int i = 0; i < packed.Rows; i++)
        {
            packed.WidenNumbers(i, row);
            for (int j = 0; j < row.Length; j++)
                numbers[i * row.Length + j] = (sbyte)row[j];
            groups.Scales.WidenRows(packed.RowPermutation?[i] ?? i, 1, rowScales);
            scales.AddRange(rowScales.Select(scale => (Half)scale));
        }
        return new IntegerMatrix(packed.Rows, packed.Columns, groups.Bits, groups.GroupSize, numbers, [.. scales]);
    }

    /// <summary>The packed words, m × ⌈n·b/32⌉.</summary>
    public uint[] Packed()
    {
        int words = (int)IntegerGroups.Words(Columns, Bits);
        var packed = new uint[checked(Rows * words)];
        for (int i = 0; i < Rows; i++)
            IntegerGroups.Pack(Numbers.AsSpan(i * Columns, Columns), Bits, packed.AsSpan(i * words, words));
        return packed;
    }

    /// <summary>The matrix as a tensor in memory, packed: what a file of it would be read as.</summary>
    public StoredTensor ToStored(string name)
    {
        var scales = StoredTensor.FromBytes(name + "_scale", DType.F16, [Rows, Groups], Pinned(MemoryMarshal.AsBytes(Scales.AsSpan())));
        var packed = Pinned(MemoryMarshal.AsBytes(Packed().AsSpan()));
        long[] shape = [Rows, IntegerGroups.Words(Columns, Bits)];
        return StoredTensor
            .FromBytes(name + "_packed", DType.I32, shape, packed)
            .AsIntegers(name, [Rows, Columns], new IntegerGroups(Bits, GroupSize, scales));
    }

    private static byte[] Pinned(ReadOnlySpan<byte> bytes)
    {
        var pinned = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned);
        return pinned;
    }
}
