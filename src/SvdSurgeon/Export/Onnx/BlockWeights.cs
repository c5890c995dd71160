using System.Runtime.InteropServices;
using SvdSurgeon.Formats.Onnx;

namespace SvdSurgeon.Export.Onnx;

/// <summary>
/// Weights as symmetric integers with a scale per block of 32 along a row, as MatMulNBits and GatherBlockQuantized read them:
/// w ≈ (q − 2^(bits−1)) · scale, q unsigned, the lower half of a byte first where there are two in one.
/// </summary>
/// <remarks>
/// The number of largest magnitude, with its sign, becomes −2^(bits−1), the one end of the range that has no counterpart; the quantiser
/// of ONNX Runtime (MatMulNBitsQuantizer, symmetric) does the same, and its numbers are these.
/// </remarks>
internal static class BlockWeights
{
    /// <summary>Numbers that share a scale.</summary>
    public const int BlockSize = 32;

    // Below it the reciprocal would be infinite.
    private const float SmallestScale = 1.17549435e-38f;

    /// <summary>Blocks of a row of <paramref name="columns"/> numbers; the last one is filled up with zeros.</summary>
    public static int Blocks(int columns) => (columns + BlockSize - 1) / BlockSize;

    /// <summary>The integers, [rows, blocks, bytes of a block].</summary>
    public static OnnxInitializer Integers(string name, WeightRows matrix, int bits) =>
        new(
            name,
            OnnxElement.UInt8,
            [matrix.Rows, Blocks(matrix.Columns), BlockSize * bits / 8],
            stream =>
            {
                var bytes = new byte[Blocks(matrix.Columns) * BlockSize * bits / 8];
                ForEachRow(
                    matrix,
                    row =>
                    {
                        QuantizeRow(row, bits, bytes);
                        stream.Write(bytes);
                    }
                );
            }
        );

    /// <summary>The scales, [rows, blocks], float32.</summary>
    public static OnnxInitializer Scales(string name, WeightRows matrix, int bits) =>
        new(
            name,
            OnnxElement.Float,
            [matrix.Rows, Blocks(matrix.Columns)],
            stream =>
            {
                var scales = new float[Blocks(matrix.Columns)];
                ForEachRow(
                    matrix,
                    row =>
                    {
                        for (int i = 0; i < scales.Length; i++)
                            scales[i] = Scale(row.AsSpan(i * BlockSize, BlockSize), bits);
                        stream.Write(MemoryMarshal.AsBytes(scales.AsSpan()));
                    }
                );
            }
        );

    /// <summary>Scale of one block.</summary>
    public static float Scale(ReadOnlySpan<float> block, int bits)
    {
        float least = float.MaxValue,
            greatest = float.MinValue;
        foreach (float value in block)
        {
            least = Math.Min(least, value);
            greatest = Math.Max(greatest, value);
        }
        float extreme = Math.Abs(greatest) > Math.Abs(least) ? greatest : least;
        return -extreme / (1 << (bits - 1));
    }

    /// <summary>Integers of a row of whole blocks, 4 or 8 bits each.</summary>
    public static void QuantizeRow(ReadOnlySpan<float> row, int bits, Span<byte> bytes)
    {
        int middle = 1 << (bits - 1);
        float largest = (1 << bits) - 1;
        for (int start = 0; start < row.Length; start += BlockSize)
        {
            var block = row.Slice(start, BlockSize);
            float scale = Scale(block, bits);
            float reciprocal = Math.Abs(scale) < SmallestScale ? 0 : 1 / scale;
            for (int i = 0; i < BlockSize; i++)
            {
                float rounded = MathF.Round(block[i] * reciprocal + middle, MidpointRounding.AwayFromZero);
                byte q = (byte)Math.Clamp(rounded, 0, largest);
                if (bits == 8)
                    bytes[start + i] = q;
                else if (i % 2 == 0)
                    bytes[(start + i) / 2] = q;
                else
                    bytes[(start + i) / 2] |= (byte)(q << 4);
            }
        }
    }

    // Rows filled up with zeros to whole blocks. A zero never has the largest magnitude, unless the whole block is zero.
    private static void ForEachRow(WeightRows matrix, Action<float[]> use)
    {
        var row = new float[Blocks(matrix.Columns) * BlockSize];
        for (int i = 0; i < matrix.Rows; i++)
        {
            matrix.Read(i, row.AsSpan(0, matrix.Columns));
            use(row);
        }
    }
}
