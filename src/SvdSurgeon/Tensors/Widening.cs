using System.Runtime.InteropServices;

namespace SvdSurgeon.Tensors;

/// <summary>Conversion between storage types and float32, one row at a time.</summary>
public static unsafe class Widening
{
    /// <summary>Widens <paramref name="destination"/>.Length numbers that are stored as <paramref name="type"/> at <paramref name="source"/>.</summary>
    public static void ToSingle(DType type, nint source, Span<float> destination)
    {
        int n = destination.Length;
        switch (type)
        {
            case DType.F32: new ReadOnlySpan<float>((void*)source, n).CopyTo(destination); break;
            case DType.F64: { var s = (double*)source; for (int i = 0; i < n; i++) destination[i] = (float)s[i]; break; }
            case DType.F16: { var s = (Half*)source; for (int i = 0; i < n; i++) destination[i] = (float)s[i]; break; }
            case DType.BF16: { var s = (ushort*)source; for (int i = 0; i < n; i++) destination[i] = BitConverter.UInt32BitsToSingle((uint)s[i] << 16); break; }
            default: throw new NotSupportedException($"{type} cannot be widened to float32.");
        }
    }

    /// <summary>Narrows float32 to F64, F32, F16 or BF16 (round to nearest, ties to even).</summary>
    public static void FromSingle(ReadOnlySpan<float> source, DType type, Span<byte> destination)
    {
        switch (type)
        {
            case DType.F32: MemoryMarshal.AsBytes(source).CopyTo(destination); break;
            case DType.F64: { var d = MemoryMarshal.Cast<byte, double>(destination); for (int i = 0; i < source.Length; i++) d[i] = source[i]; break; }
            case DType.F16: { var d = MemoryMarshal.Cast<byte, Half>(destination); for (int i = 0; i < source.Length; i++) d[i] = (Half)source[i]; break; }
            case DType.BF16:
                var b = MemoryMarshal.Cast<byte, ushort>(destination);
                for (int i = 0; i < source.Length; i++)
                {
                    uint bits = BitConverter.SingleToUInt32Bits(source[i]);
                    b[i] = float.IsNaN(source[i]) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
                }
                break;
            default: throw new NotSupportedException($"float32 cannot be narrowed to {type}.");
        }
    }
}
