using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Blas;

/// <summary>6 × 2 vectors of 256 bits: 12 of the 16 registers are sums.</summary>
internal readonly unsafe struct Avx2Kernel<T> : IMicroKernel<T>
    where T : unmanaged
{
    public static int Rows => 6;
    public static int Columns => 2 * Vector256<T>.Count;
    public static int PanelTileRows => 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int k, T* a, T* b, T* c, nint ldc, bool accumulate)
    {
        int w = Vector256<T>.Count;
        Lanes.Prefetch(c, ldc, Rows, Columns);
        Vector256<T> z = default;
        Vector256<T> c0l = z,
            c0r = z,
            c1l = z,
            c1r = z,
            c2l = z,
            c2r = z;
        Vector256<T> c3l = z,
            c3r = z,
            c4l = z,
            c4r = z,
            c5l = z,
            c5r = z;
        for (int p = 0; p < k; p++)
        {
            Vector256<T> l = Vector256.Load(b),
                r = Vector256.Load(b + w),
                x;
            x = Vector256.Create(a[0]);
            c0l = Lanes.MultiplyAdd(x, l, c0l);
            c0r = Lanes.MultiplyAdd(x, r, c0r);
            x = Vector256.Create(a[1]);
            c1l = Lanes.MultiplyAdd(x, l, c1l);
            c1r = Lanes.MultiplyAdd(x, r, c1r);
            x = Vector256.Create(a[2]);
            c2l = Lanes.MultiplyAdd(x, l, c2l);
            c2r = Lanes.MultiplyAdd(x, r, c2r);
            x = Vector256.Create(a[3]);
            c3l = Lanes.MultiplyAdd(x, l, c3l);
            c3r = Lanes.MultiplyAdd(x, r, c3r);
            x = Vector256.Create(a[4]);
            c4l = Lanes.MultiplyAdd(x, l, c4l);
            c4r = Lanes.MultiplyAdd(x, r, c4r);
            x = Vector256.Create(a[5]);
            c5l = Lanes.MultiplyAdd(x, l, c5l);
            c5r = Lanes.MultiplyAdd(x, r, c5r);
            a += 6;
            b += 2 * w;
        }
        Store(c, c0l, c0r, accumulate);
        Store(c + ldc, c1l, c1r, accumulate);
        Store(c + 2 * ldc, c2l, c2r, accumulate);
        Store(c + 3 * ldc, c3l, c3r, accumulate);
        Store(c + 4 * ldc, c4l, c4r, accumulate);
        Store(c + 5 * ldc, c5l, c5r, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow(int k, T* a, T* b, T* c, nint ldc, bool accumulate)
    {
        int w = Vector256<T>.Count;
        Vector256<T> z = default;
        Vector256<T> c0 = z,
            c1 = z,
            c2 = z,
            c3 = z,
            c4 = z,
            c5 = z;
        for (int p = 0; p < k; p++)
        {
            Vector256<T> l = Vector256.Load(b);
            c0 = Lanes.MultiplyAdd(Vector256.Create(a[0]), l, c0);
            c1 = Lanes.MultiplyAdd(Vector256.Create(a[1]), l, c1);
            c2 = Lanes.MultiplyAdd(Vector256.Create(a[2]), l, c2);
            c3 = Lanes.MultiplyAdd(Vector256.Create(a[3]), l, c3);
            c4 = Lanes.MultiplyAdd(Vector256.Create(a[4]), l, c4);
            c5 = Lanes.MultiplyAdd(Vector256.Create(a[5]), l, c5);
            a += 6;
            b += 2 * w;
        }
        Store(c, c0, accumulate);
        Store(c + ldc, c1, accumulate);
        Store(c + 2 * ldc, c2, accumulate);
        Store(c + 3 * ldc, c3, accumulate);
        Store(c + 4 * ldc, c4, accumulate);
        Store(c + 5 * ldc, c5, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SubtractPanels(int k, T* a, T* b, T* c)
    {
        int w = Vector256<T>.Count;
        Lanes.Prefetch(c, Columns, PanelTileRows, Columns);
        Vector256<T> z = default;
        Vector256<T> c0l = z,
            c0r = z,
            c1l = z,
            c1r = z,
            c2l = z,
            c2r = z,
            c3l = z,
            c3r = z;
        for (int p = 0; p < k; p++)
        {
            Vector256<T> l = Vector256.Load(b),
                r = Vector256.Load(b + w),
                x;
            x = Vector256.Create(a[0]);
            c0l = Lanes.MultiplyAdd(x, l, c0l);
            c0r = Lanes.MultiplyAdd(x, r, c0r);
            x = Vector256.Create(a[1]);
            c1l = Lanes.MultiplyAdd(x, l, c1l);
            c1r = Lanes.MultiplyAdd(x, r, c1r);
            x = Vector256.Create(a[2]);
            c2l = Lanes.MultiplyAdd(x, l, c2l);
            c2r = Lanes.MultiplyAdd(x, r, c2r);
            x = Vector256.Create(a[3]);
            c3l = Lanes.MultiplyAdd(x, l, c3l);
            c3r = Lanes.MultiplyAdd(x, r, c3r);
            a += 2 * w;
            b += 2 * w;
        }
        Subtract(c, c0l, c0r);
        Subtract(c + 2 * w, c1l, c1r);
        Subtract(c + 4 * w, c2l, c2r);
        Subtract(c + 6 * w, c3l, c3r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* c, Vector256<T> left, Vector256<T> right, bool accumulate)
    {
        Store(c, left, accumulate);
        Store(c + Vector256<T>.Count, right, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* c, Vector256<T> x, bool accumulate) => Vector256.Store(accumulate ? x + Vector256.Load(c) : x, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract(T* c, Vector256<T> left, Vector256<T> right)
    {
        Vector256.Store(Vector256.Load(c) - left, c);
        Vector256.Store(Vector256.Load(c + Vector256<T>.Count) - right, c + Vector256<T>.Count);
    }
}
