using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Products of blocks that fit the first-level cache (attention's 64 × headDim tiles), on the calling thread. Every element is one chain of
/// fused multiply-adds over k in ascending order, whichever tile computes it.
/// </summary>
internal static unsafe class SmallProduct
{
    /// <summary>Floats in a vector of 512 bits, of which the columns of b and c are a multiple.</summary>
    public const int Lanes = 16;

    private const int Half = Lanes / 2;

    /// <summary>
    /// c[m, n] (+)= a[m, k] · b[k, n]. Element (i, l) of a stands at a[i·aRow + l·aColumn]; n is a multiple of <see cref="Lanes"/>.
    /// </summary>
    public static void Multiply(
        float* a,
        int aRow,
        int aColumn,
        float* b,
        int bRow,
        float* c,
        int cRow,
        int m,
        int n,
        int k,
        bool accumulate
    )
    {
        int i = 0;
        // Sixteen accumulators of 512 bits fit the registers of AVX-512 only; twelve of 256 fit those of AVX2, and of AdvSimd as pairs.
        if (InstructionSets.Active == InstructionSet.Avx512)
            for (; i <= m - 8; i += 8)
            {
                int j = 0;
                for (; j <= n - 2 * Lanes; j += 2 * Lanes)
                    Tile8x32(a + (long)i * aRow, aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, cRow, k, accumulate);
                for (; j < n; j += Lanes)
                {
                    Tile4x16(a + (long)i * aRow, aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, cRow, k, accumulate);
                    Tile4x16(a + (i + 4L) * aRow, aRow, aColumn, b + j, bRow, c + (i + 4L) * cRow + j, cRow, k, accumulate);
                }
            }
        for (; i <= m - 6; i += 6)
        for (int j = 0; j < n; j += Lanes)
            Tile6x16(a + (long)i * aRow, aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, cRow, k, accumulate);
        for (; i <= m - 4; i += 4)
        for (int j = 0; j < n; j += Lanes)
            Tile4x16(a + (long)i * aRow, aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, cRow, k, accumulate);
        for (; i < m; i++)
        for (int j = 0; j < n; j += Lanes)
            Tile1x16(a + (long)i * aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, k, accumulate);
    }

    // The tiles are alike but for their sizes and written out: sums stay in registers only as variables of their own.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile8x32(float* a, int aRow, int aColumn, float* b, int bRow, float* c, int cRow, int k, bool accumulate)
    {
        Vector512<float> c00,
            c01,
            c10,
            c11,
            c20,
            c21,
            c30,
            c31,
            c40,
            c41,
            c50,
            c51,
            c60,
            c61,
            c70,
            c71;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = c60 = c61 = c70 = c71 = Vector512<float>.Zero;
        if (accumulate)
        {
            float* p = c;
            c00 = Vector512.Load(p);
            c01 = Vector512.Load(p + Lanes);
            p += cRow;
            c10 = Vector512.Load(p);
            c11 = Vector512.Load(p + Lanes);
            p += cRow;
            c20 = Vector512.Load(p);
            c21 = Vector512.Load(p + Lanes);
            p += cRow;
            c30 = Vector512.Load(p);
            c31 = Vector512.Load(p + Lanes);
            p += cRow;
            c40 = Vector512.Load(p);
            c41 = Vector512.Load(p + Lanes);
            p += cRow;
            c50 = Vector512.Load(p);
            c51 = Vector512.Load(p + Lanes);
            p += cRow;
            c60 = Vector512.Load(p);
            c61 = Vector512.Load(p + Lanes);
            p += cRow;
            c70 = Vector512.Load(p);
            c71 = Vector512.Load(p + Lanes);
        }
        float* a4 = a + 4L * aRow;
        nint r1 = aRow,
            r2 = 2 * (nint)aRow,
            r3 = 3 * (nint)aRow;
        for (int l = 0; l < k; l++)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + Lanes);
            var x = Vector512.Create(a[0]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a[r1]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a[r2]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a[r3]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(a4[0]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(a4[r1]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(a4[r2]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(a4[r3]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
            a += aColumn;
            a4 += aColumn;
            b += bRow;
        }
        c00.Store(c);
        c01.Store(c + Lanes);
        c += cRow;
        c10.Store(c);
        c11.Store(c + Lanes);
        c += cRow;
        c20.Store(c);
        c21.Store(c + Lanes);
        c += cRow;
        c30.Store(c);
        c31.Store(c + Lanes);
        c += cRow;
        c40.Store(c);
        c41.Store(c + Lanes);
        c += cRow;
        c50.Store(c);
        c51.Store(c + Lanes);
        c += cRow;
        c60.Store(c);
        c61.Store(c + Lanes);
        c += cRow;
        c70.Store(c);
        c71.Store(c + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile6x16(float* a, int aRow, int aColumn, float* b, int bRow, float* c, int cRow, int k, bool accumulate)
    {
        Vector256<float> c0l,
            c0r,
            c1l,
            c1r,
            c2l,
            c2r,
            c3l,
            c3r,
            c4l,
            c4r,
            c5l,
            c5r;
        c0l = c0r = c1l = c1r = c2l = c2r = c3l = c3r = c4l = c4r = c5l = c5r = Vector256<float>.Zero;
        if (accumulate)
        {
            float* p = c;
            c0l = Vector256.Load(p);
            c0r = Vector256.Load(p + Half);
            p += cRow;
            c1l = Vector256.Load(p);
            c1r = Vector256.Load(p + Half);
            p += cRow;
            c2l = Vector256.Load(p);
            c2r = Vector256.Load(p + Half);
            p += cRow;
            c3l = Vector256.Load(p);
            c3r = Vector256.Load(p + Half);
            p += cRow;
            c4l = Vector256.Load(p);
            c4r = Vector256.Load(p + Half);
            p += cRow;
            c5l = Vector256.Load(p);
            c5r = Vector256.Load(p + Half);
        }
        nint r1 = aRow,
            r2 = 2 * (nint)aRow,
            r3 = 3 * (nint)aRow,
            r4 = 4 * (nint)aRow,
            r5 = 5 * (nint)aRow;
        for (int l = 0; l < k; l++)
        {
            Vector256<float> left = Vector256.Load(b),
                right = Vector256.Load(b + Half),
                x;
            x = Vector256.Create(a[0]);
            c0l = Vector256.FusedMultiplyAdd(x, left, c0l);
            c0r = Vector256.FusedMultiplyAdd(x, right, c0r);
            x = Vector256.Create(a[r1]);
            c1l = Vector256.FusedMultiplyAdd(x, left, c1l);
            c1r = Vector256.FusedMultiplyAdd(x, right, c1r);
            x = Vector256.Create(a[r2]);
            c2l = Vector256.FusedMultiplyAdd(x, left, c2l);
            c2r = Vector256.FusedMultiplyAdd(x, right, c2r);
            x = Vector256.Create(a[r3]);
            c3l = Vector256.FusedMultiplyAdd(x, left, c3l);
            c3r = Vector256.FusedMultiplyAdd(x, right, c3r);
            x = Vector256.Create(a[r4]);
            c4l = Vector256.FusedMultiplyAdd(x, left, c4l);
            c4r = Vector256.FusedMultiplyAdd(x, right, c4r);
            x = Vector256.Create(a[r5]);
            c5l = Vector256.FusedMultiplyAdd(x, left, c5l);
            c5r = Vector256.FusedMultiplyAdd(x, right, c5r);
            a += aColumn;
            b += bRow;
        }
        c0l.Store(c);
        c0r.Store(c + Half);
        c += cRow;
        c1l.Store(c);
        c1r.Store(c + Half);
        c += cRow;
        c2l.Store(c);
        c2r.Store(c + Half);
        c += cRow;
        c3l.Store(c);
        c3r.Store(c + Half);
        c += cRow;
        c4l.Store(c);
        c4r.Store(c + Half);
        c += cRow;
        c5l.Store(c);
        c5r.Store(c + Half);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile4x16(float* a, int aRow, int aColumn, float* b, int bRow, float* c, int cRow, int k, bool accumulate)
    {
        Vector256<float> c0l,
            c0r,
            c1l,
            c1r,
            c2l,
            c2r,
            c3l,
            c3r;
        c0l = c0r = c1l = c1r = c2l = c2r = c3l = c3r = Vector256<float>.Zero;
        if (accumulate)
        {
            float* p = c;
            c0l = Vector256.Load(p);
            c0r = Vector256.Load(p + Half);
            p += cRow;
            c1l = Vector256.Load(p);
            c1r = Vector256.Load(p + Half);
            p += cRow;
            c2l = Vector256.Load(p);
            c2r = Vector256.Load(p + Half);
            p += cRow;
            c3l = Vector256.Load(p);
            c3r = Vector256.Load(p + Half);
        }
        nint r1 = aRow,
            r2 = 2 * (nint)aRow,
            r3 = 3 * (nint)aRow;
        for (int l = 0; l < k; l++)
        {
            Vector256<float> left = Vector256.Load(b),
                right = Vector256.Load(b + Half),
                x;
            x = Vector256.Create(a[0]);
            c0l = Vector256.FusedMultiplyAdd(x, left, c0l);
            c0r = Vector256.FusedMultiplyAdd(x, right, c0r);
            x = Vector256.Create(a[r1]);
            c1l = Vector256.FusedMultiplyAdd(x, left, c1l);
            c1r = Vector256.FusedMultiplyAdd(x, right, c1r);
            x = Vector256.Create(a[r2]);
            c2l = Vector256.FusedMultiplyAdd(x, left, c2l);
            c2r = Vector256.FusedMultiplyAdd(x, right, c2r);
            x = Vector256.Create(a[r3]);
            c3l = Vector256.FusedMultiplyAdd(x, left, c3l);
            c3r = Vector256.FusedMultiplyAdd(x, right, c3r);
            a += aColumn;
            b += bRow;
        }
        c0l.Store(c);
        c0r.Store(c + Half);
        c += cRow;
        c1l.Store(c);
        c1r.Store(c + Half);
        c += cRow;
        c2l.Store(c);
        c2r.Store(c + Half);
        c += cRow;
        c3l.Store(c);
        c3r.Store(c + Half);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile1x16(float* a, int aColumn, float* b, int bRow, float* c, int k, bool accumulate)
    {
        Vector256<float> l = default,
            r = default;
        if (accumulate)
            (l, r) = (Vector256.Load(c), Vector256.Load(c + Half));
        for (int p = 0; p < k; p++)
        {
            var x = Vector256.Create(a[0]);
            l = Vector256.FusedMultiplyAdd(x, Vector256.Load(b), l);
            r = Vector256.FusedMultiplyAdd(x, Vector256.Load(b + Half), r);
            a += aColumn;
            b += bRow;
        }
        l.Store(c);
        r.Store(c + Half);
    }
}
