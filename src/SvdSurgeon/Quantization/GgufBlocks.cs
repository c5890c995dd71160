using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Quantization;

/// <summary>
/// A matrix on a grid with groups of 32, or of several times that, as GGUF's blocks with a scale and no minimum, exactly: integers of up
/// to 4 bits in Q4_0, of 5 in Q5_0, of more in Q8_0. The backends compute with these, so a quantised module takes no more memory than its
/// type.
/// </summary>
internal static class GgufBlocks
{
    /// <summary>The smallest of these types that holds every integer of the grid.</summary>
    public static DType TypeFor(int bits) =>
        bits <= 4 ? DType.Q4_0
        : bits == 5 ? DType.Q5_0
        : DType.Q8_0;

    /// <summary>The matrix as a stored tensor; one in float32 where the grid's groups are no blocks.</summary>
    public static StoredTensor Store(string name, QuantizedMatrix matrix, string source = "memory")
    {
        var (rows, columns) = (matrix.Rows, matrix.Columns);
        if (matrix.Grid.Group % IntegerGrid.UsualGroup != 0)
        {
            var values = new float[matrix.Codes.Length];
            matrix.Dequantize(values);
            return StoredTensor.FromSingles(name, [rows, columns], values, DType.F32, source);
        }
        var type = TypeFor(matrix.Grid.Bits);
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)type.ByteCount(matrix.Codes.Length)), pinned: true);
        Encode(type, matrix.Codes, matrix.Scales, bytes);
        return StoredTensor.FromBytes(name, type, [rows, columns], bytes, source);
    }

    /// <summary>Writes the matrix into a tensor that <see cref="Store"/> made of one like it.</summary>
    public static unsafe void Overwrite(StoredTensor tensor, QuantizedMatrix matrix)
    {
        var bytes = new Span<byte>((void*)tensor.Address, checked((int)tensor.ByteLength));
        if (tensor.Type == DType.F32)
            matrix.Dequantize(MemoryMarshal.Cast<byte, float>(bytes));
        else
            Encode(tensor.Type, matrix.Codes, matrix.Scales, bytes);
        GC.KeepAlive(tensor);
    }

    // Blocks of 32 integers and their scales, one for a block or for several.
    private static void Encode(DType type, ReadOnlySpan<sbyte> codes, ReadOnlySpan<Half> scales, Span<byte> bytes)
    {
        int size = type.Block().Bytes,
            blocks = codes.Length / IntegerGrid.UsualGroup,
            perScale = blocks / scales.Length;
        for (int b = 0; b < blocks; b++)
        {
            var q = codes.Slice(b * IntegerGrid.UsualGroup, IntegerGrid.UsualGroup);
            var block = bytes.Slice(b * size, size);
            BinaryPrimitives.WriteHalfLittleEndian(block, scales[b / perScale]);
            switch (type)
            {
                case DType.Q4_0:
                    for (int i = 0; i < 16; i++)
                        block[2 + i] = (byte)((q[i] + 8) | ((q[i + 16] + 8) << 4));
                    break;
                case DType.Q5_0:
                    uint high = 0;
                    for (int i = 0; i < 32; i++)
                        high |= (uint)((q[i] + 16) >> 4) << i;
                    BinaryPrimitives.WriteUInt32LittleEndian(block[2..], high);
                    for (int i = 0; i < 16; i++)
                        block[6 + i] = (byte)(((q[i] + 16) & 15) | (((q[i + 16] + 16) & 15) << 4));
                    break;
                case DType.Q8_0:
                    for (int i = 0; i < 32; i++)
                        block[2 + i] = (byte)q[i];
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(type), type, "Only Q4_0, Q5_0 and Q8_0 have a scale alone.");
            }
        }
    }
}
