using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>Looks for numbers that are not finite.</summary>
internal static class WeightScan
{
    private const int ChunkNumbers = 1 << 14; // stays in the first-level cache
    private const int Exponent = 0x7F800000;

    /// <summary>The first NaN or infinity of a floating-point tensor, or null.</summary>
    public static (int Row, int Column, float Value)? FindNonFinite(StoredTensor tensor)
    {
        if (tensor.Count == 0 || !(tensor.Type.IsFloat() || tensor.Type.IsQuantized())) return null;
        int rows = Math.Clamp(ChunkNumbers / tensor.Columns, 1, tensor.Rows);
        var buffer = new float[rows * (long)tensor.Columns];
        for (int row = 0; row < tensor.Rows; row += rows)
        {
            int count = Math.Min(rows, tensor.Rows - row);
            var numbers = buffer.AsSpan(0, count * tensor.Columns);
            tensor.WidenRows(row, count, numbers);
            if (AllFinite(numbers)) continue;
            int at = numbers.IndexOfAnyNonFinite();
            return (row + at / tensor.Columns, at % tensor.Columns, numbers[at]);
        }
        return null;
    }

    // All exponent bits set: NaN or infinity.
    private static bool AllFinite(ReadOnlySpan<float> numbers)
    {
        var bits = MemoryMarshal.Cast<float, int>(numbers);
        var exponent = Vector256.Create(Exponent);
        var found = Vector256<int>.Zero;
        int i = 0;
        for (; i <= bits.Length - 8; i += 8) found |= Vector256.Equals(Vector256.Create(bits.Slice(i, 8)) & exponent, exponent);
        if (found != Vector256<int>.Zero) return false;
        for (; i < bits.Length; i++)
            if ((bits[i] & Exponent) == Exponent) return false;
        return true;
    }

    private static int IndexOfAnyNonFinite(this Span<float> numbers)
    {
        for (int i = 0; i < numbers.Length; i++)
            if (!float.IsFinite(numbers[i])) return i;
        return -1;
    }
}
