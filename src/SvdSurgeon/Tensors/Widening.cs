using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Tensors;

/// <summary>Conversion between storage types and float32, one row at a time.</summary>
internal static unsafe class Widening
{
    /// <summary>
    /// Widens <paramref name="destination"/>.Length numbers that are stored as <paramref name="type"/> at <paramref name="source"/>.
    /// </summary>
    /// <param name="type">Storage type; of a block type the length is a multiple of the block.</param>
    /// <param name="source">First byte; no alignment is needed.</param>
    /// <param name="destination">Receives the numbers.</param>
    public static void ToSingle(DType type, nint source, Span<float> destination)
    {
        int n = destination.Length;
        switch (type)
        {
            case DType.F32:
                new ReadOnlySpan<float>((void*)source, n).CopyTo(destination);
                break;
            case DType.F64:
            {
                var s = (double*)source;
                for (int i = 0; i < n; i++)
                    destination[i] = (float)s[i];
                break;
            }
            case DType.F16:
                FromHalf((short*)source, destination);
                break;
            case DType.BF16:
                FromBFloat((ushort*)source, destination);
                break;
            case DType.I64:
            {
                var s = (long*)source;
                for (int i = 0; i < n; i++)
                    destination[i] = s[i];
                break;
            }
            case DType.I32:
            {
                var s = (int*)source;
                for (int i = 0; i < n; i++)
                    destination[i] = s[i];
                break;
            }
            case DType.I8:
            {
                var s = (sbyte*)source;
                for (int i = 0; i < n; i++)
                    destination[i] = s[i];
                break;
            }
            case DType.U8 or DType.Bool:
            {
                var s = (byte*)source;
                for (int i = 0; i < n; i++)
                    destination[i] = s[i];
                break;
            }
            default:
                if (Vector128.IsHardwareAccelerated)
                    BlockWidening.ToSingle(type, (byte*)source, destination);
                else
                    ScalarBlockWidening.ToSingle(type, (byte*)source, destination);
                break;
        }
    }

    /// <summary>Narrows float32 to F64, F32, F16 or BF16 (round to nearest, ties to even).</summary>
    public static void FromSingle(ReadOnlySpan<float> source, DType type, Span<byte> destination)
    {
        switch (type)
        {
            case DType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case DType.F64:
            {
                var d = MemoryMarshal.Cast<byte, double>(destination);
                for (int i = 0; i < source.Length; i++)
                    d[i] = source[i];
                break;
            }
            case DType.F16:
            {
                var d = MemoryMarshal.Cast<byte, Half>(destination);
                for (int i = 0; i < source.Length; i++)
                    d[i] = (Half)source[i];
                break;
            }
            case DType.BF16:
                var b = MemoryMarshal.Cast<byte, ushort>(destination);
                for (int i = 0; i < source.Length; i++)
                {
                    uint bits = BitConverter.SingleToUInt32Bits(source[i]);
                    b[i] = float.IsNaN(source[i]) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
                }
                break;
            default:
                throw new NotSupportedException($"float32 cannot be narrowed to {type}.");
        }
    }

    private static void FromBFloat(ushort* source, Span<float> destination)
    {
        int i = 0,
            n = destination.Length;
        fixed (float* d = destination)
        {
            if (Vector512.IsHardwareAccelerated)
                for (; i <= n - 16; i += 16)
                    (Widen512(source + i) << 16).AsSingle().Store(d + i);
            if (Vector128.IsHardwareAccelerated)
                for (; i <= n - 8; i += 8)
                {
                    var (low, high) = Vector128.Widen(Vector128.Load(source + i));
                    (low << 16).AsSingle().Store(d + i);
                    (high << 16).AsSingle().Store(d + i + 4);
                }
            for (; i < n; i++)
                d[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        }
    }

    private static void FromHalf(short* source, Span<float> destination)
    {
        int i = 0,
            n = destination.Length,
            w = Vector<float>.Count;
        fixed (float* d = destination)
        {
            if (Vector.IsHardwareAccelerated)
                for (; i <= n - 2 * w; i += 2 * w)
                {
                    var bits = Vector.Load(source + i);
                    HalfBits.Widen(Vector.WidenLower(bits)).Store(d + i);
                    HalfBits.Widen(Vector.WidenUpper(bits)).Store(d + i + w);
                }
            for (; i < n; i++)
                d[i] = HalfBits.Widen(source[i]);
        }
    }

    private static Vector512<uint> Widen512(ushort* source)
    {
        var (low, high) = Vector256.Widen(Vector256.Load(source));
        return Vector512.Create(low, high);
    }
}
