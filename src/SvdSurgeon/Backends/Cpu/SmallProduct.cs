using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Products of blocks that fit the first-level cache (attention's 64 × headDim tiles), on the calling thread. Every element is one chain of
/// fused multiply-adds over k in ascending order, whichever tile computes it.
/// </summary>
internal static unsafe class SmallProduct
{
    private const int Lanes = VectorMath.Lanes;

    /// <summary>c[m, n] (+)= a[m, k] · b[k, n]. Element (i, l) of a stands at a[i·aRow + l·aColumn]; n is a multiple of 16.</summary>
    public static void Multiply(float* a, int aRow, int aColumn, float* b, int bRow, float* c, int cRow, int m, int n, int k, bool accumulate)
    {
        int i = 0;
        // Sixteen accumulators of 512 bits fit the registers of AVX-512 only.
        if (Vector512.IsHardwareAccelerated)
            for (; i <= m - 8; i += 8)
            {
                int j = 0;
                for (; j <= n - 2 * Lanes; j += 2 * Lanes) Tile8x2(a + (long)i * aRow, aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, cRow, k, accumulate);
                for (; j < n; j += Lanes)
                {
                    Tile4x1(a + (long)i * aRow, aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, cRow, k, accumulate);
                    Tile4x1(a + (i + 4L) * aRow, aRow, aColumn, b + j, bRow, c + (i + 4L) * cRow + j, cRow, k, accumulate);
                }
            }
        for (; i <= m - 4; i += 4)
            for (int j = 0; j < n; j += Lanes)
                Tile4x1(a + (long)i * aRow, aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, cRow, k, accumulate);
        for (; i < m; i++)
            for (int j = 0; j < n; j += Lanes)
                Tile1x1(a + (long)i * aRow, aColumn, b + j, bRow, c + (long)i * cRow + j, k, accumulate);
    }

    private static void Tile8x2(float* a, int aRow, int aColumn, float* b, int bRow, float* c, int cRow, int k, bool accumulate)
    {
        Vector512<float> c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = c60 = c61 = c70 = c71 = Vector512<float>.Zero;
        if (accumulate)
        {
            float* p = c;
            c00 = Vector512.Load(p); c01 = Vector512.Load(p + Lanes); p += cRow;
            c10 = Vector512.Load(p); c11 = Vector512.Load(p + Lanes); p += cRow;
            c20 = Vector512.Load(p); c21 = Vector512.Load(p + Lanes); p += cRow;
            c30 = Vector512.Load(p); c31 = Vector512.Load(p + Lanes); p += cRow;
            c40 = Vector512.Load(p); c41 = Vector512.Load(p + Lanes); p += cRow;
            c50 = Vector512.Load(p); c51 = Vector512.Load(p + Lanes); p += cRow;
            c60 = Vector512.Load(p); c61 = Vector512.Load(p + Lanes); p += cRow;
            c70 = Vector512.Load(p); c71 = Vector512.Load(p + Lanes);
        }
        float* a4 = a + 4L * aRow;
        nint r1 = aRow, r2 = 2 * (nint)aRow, r3 = 3 * (nint)aRow;
        for (int l = 0; l < k; l++)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + Lanes);
            var x = Vector512.Create(a[0]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00); c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a[r1]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10); c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a[r2]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20); c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a[r3]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30); c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(a4[0]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40); c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(a4[r1]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50); c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(a4[r2]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60); c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(a4[r3]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70); c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
            a += aColumn;
            a4 += aColumn;
            b += bRow;
        }
        c00.Store(c); c01.Store(c + Lanes); c += cRow;
        c10.Store(c); c11.Store(c + Lanes); c += cRow;
        c20.Store(c); c21.Store(c + Lanes); c += cRow;
        c30.Store(c); c31.Store(c + Lanes); c += cRow;
        c40.Store(c); c41.Store(c + Lanes); c += cRow;
        c50.Store(c); c51.Store(c + Lanes); c += cRow;
        c60.Store(c); c61.Store(c + Lanes); c += cRow;
        c70.Store(c); c71.Store(c + Lanes);
    }

    private static void Tile4x1(float* a, int aRow, int aColumn, float* b, int bRow, float* c, int cRow, int k, bool accumulate)
    {
        Vector512<float> c0, c1, c2, c3;
        c0 = c1 = c2 = c3 = Vector512<float>.Zero;
        if (accumulate)
        {
            c0 = Vector512.Load(c);
            c1 = Vector512.Load(c + cRow);
            c2 = Vector512.Load(c + 2L * cRow);
            c3 = Vector512.Load(c + 3L * cRow);
        }
        nint r1 = aRow, r2 = 2 * (nint)aRow, r3 = 3 * (nint)aRow;
        for (int l = 0; l < k; l++)
        {
            var v = Vector512.Load(b);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(a[0]), v, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[r1]), v, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[r2]), v, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[r3]), v, c3);
            a += aColumn;
            b += bRow;
        }
        c0.Store(c);
        c1.Store(c + cRow);
        c2.Store(c + 2L * cRow);
        c3.Store(c + 3L * cRow);
    }

    private static void Tile1x1(float* a, int aColumn, float* b, int bRow, float* c, int k, bool accumulate)
    {
        var sum = accumulate ? Vector512.Load(c) : Vector512<float>.Zero;
        for (int l = 0; l < k; l++)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(a[0]), Vector512.Load(b), sum);
            a += aColumn;
            b += bRow;
        }
        sum.Store(c);
    }
}
