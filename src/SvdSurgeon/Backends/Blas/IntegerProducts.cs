using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Dot products of 32 small integers as eight exact partial sums, with the instructions that the processor has for them.</summary>
internal static class IntegerProducts
{
    /// <summary>Partial sums of a·b, a from 0 to 15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Nibbles(Vector256<byte> a, Vector256<sbyte> b)
    {
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, a, b);
        if (Avx2.IsSupported)
            return Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(a, b), Vector256<short>.One);
        return Signed(a.AsSByte(), b);
    }

    /// <summary>Partial sums of a·b, b not −128.</summary>
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
        var (a0, a1) = Vector256.Widen(a);
        var (b0, b1) = Vector256.Widen(b);
        var (p0, p1) = Vector256.Widen(a0 * b0);
        var (p2, p3) = Vector256.Widen(a1 * b1);
        return p0 + p1 + (p2 + p3);
    }
}
