using System.Buffers.Binary;

namespace SvdSurgeon.Tensors;

/// <summary>
/// Packed integers as blocks of GGUF's Q8_0, an fp16 scale and 32 signed bytes: the same numbers to the bit, in 8.5 bits each.
/// </summary>
internal static class IntegerBlocks
{
    private const int Block = 32;

    /// <summary>Whether blocks can hold these numbers.</summary>
    public static bool CanHold(StoredTensor packed) =>
        packed.Groups is { } groups
        && groups.Scales.Type == DType.F16
        && packed.Columns % Block == 0
        && (groups.GroupSize % Block == 0 || groups.GroupSize == packed.Columns);

    /// <summary>The blocks, in logical row order.</summary>
    public static StoredTensor From(StoredTensor packed)
    {
        var groups = packed.Groups!;
        var (_, size) = DType.Q8_0.Block();
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)DType.Q8_0.ByteCount(packed.Count)), pinned: true);
        var scales = new float[groups.Scales.Columns];
        var numbers = new float[packed.Columns];
        int at = 0;
        for (int row = 0; row < packed.Rows; row++)
        {
            groups.Scales.WidenRows(packed.RowPermutation?[row] ?? row, 1, scales);
            packed.WidenNumbers(row, numbers);
            for (int column = 0; column < numbers.Length; column += Block, at += size)
            {
                BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(at), (Half)scales[column / groups.GroupSize]);
                for (int i = 0; i < Block; i++)
                    bytes[at + 2 + i] = (byte)(sbyte)numbers[column + i];
            }
        }
        return StoredTensor.FromBytes(packed.Name, DType.Q8_0, [.. packed.Shape], bytes, packed.Source);
    }
}
