using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// Dot products of 32 small integers as eight exact sums of four neighbours each, with the instructions that the processor has for them.
/// </summary>
internal static class IntegerProducts
{
    /// <summary>
    /// Dot products of 32 activations with the halves of bytes of eight rows, a row in every lane (<see cref="InterleavedNibbles"/>).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<int> EightRows(byte* halves, sbyte* x)
    {
        // Pairs of products fit into 16 bits, and so do eight pairs: 16 · 15 · 127 = 30,480.
        if (Avx2.IsSupported && !AvxVnni.IsSupported)
        {
            var pairs = Pairs(halves, x) + Pairs(halves + 32, x + 4) + (Pairs(halves + 64, x + 8) + Pairs(halves + 96, x + 12));
            return Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One);
        }
        var sum = Vector256<int>.Zero;
        for (int k = 0; k < 4; k++)
        {
            var (low, high) = Halves(halves + 32 * k);
            sum += Nibbles(low, Four(x + 4 * k)) + Nibbles(high, Four(x + 16 + 4 * k));
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector256<short> Pairs(byte* halves, sbyte* x)
    {
        var (low, high) = Halves(halves);
        return Avx2.MultiplyAddAdjacent(low, Four(x)) + Avx2.MultiplyAddAdjacent(high, Four(x + 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe (Vector256<byte> Low, Vector256<byte> High) Halves(byte* halves)
    {
        var packed = Vector256.Load(halves);
        var mask = Vector256.Create((byte)15);
        return (packed & mask, (packed.AsUInt16() >>> 4).AsByte() & mask);
    }

    // The same four numbers in every lane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector256<sbyte> Four(sbyte* x) => Vector256.Create(*(int*)x).AsSByte();

    /// <summary>Sums of a·b, a from 0 to 15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Nibbles(Vector256<byte> a, Vector256<sbyte> b)
    {
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, a, b);
        if (Avx2.IsSupported)
            return Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(a, b), Vector256<short>.One);
        return Signed(a.AsSByte(), b);
    }

    /// <summary>Sums of a·b, b not −128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Signed(Vector256<sbyte> a, Vector256<sbyte> b)
    {
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, Avx2.Abs(a), Avx2.Sign(b, a));
        // The instruction adds pairs of products in 16 bits: 2 · 128 · 127 fits.
        if (Avx2.IsSupported)
            return Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Avx2.Abs(a), Avx2.Sign(b, a)), Vector256<short>.One);
        if (Dp.IsSupported)
            return Vector256.Create(
                Dp.DotProduct(Vector128<int>.Zero, a.GetLower(), b.GetLower()),
                Dp.DotProduct(Vector128<int>.Zero, a.GetUpper(), b.GetUpper())
            );
        return Portable(a, b);
    }

    /// <summary>The same from plain vector operations: what the others are tested against.</summary>
    public static Vector256<int> Portable(Vector256<sbyte> a, Vector256<sbyte> b)
    {
        var sum = Vector256<int>.Zero;
        for (int left = 24; left >= 0; left -= 8)
            sum += ((a.AsInt32() << left) >> 24) * ((b.AsInt32() << left) >> 24);
        return sum;
    }
}
