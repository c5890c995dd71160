using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Blas;

/// <summary>12 × 2 vectors of 512 bits: 24 of the 32 registers are sums, so that both multipliers stay busy over the latency.</summary>
internal readonly unsafe struct Avx512Kernel<T> : IMicroKernel<T>
    where T : unmanaged
{
    public static int Rows => 12;
    public static int Columns => 2 * Vector512<T>.Count;
    public static int PanelTileRows => 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int k, T* a, T* b, T* c, nint ldc, bool accumulate)
    {
        int w = Vector512<T>.Count;
        Lanes.Prefetch(c, ldc, Rows, Columns);
        Vector512<T> z = default;
        Vector512<T> c0l = z,
            c0r = z,
            c1l = z,
            c1r = z,
            c2l = z,
            c2r = z;
        Vector512<T> c3l = z,
            c3r = z,
            c4l = z,
            c4r = z,
            c5l = z,
            c5r = z;
        Vector512<T> c6l = z,
            c6r = z,
            c7l = z,
            c7r = z,
            c8l = z,
            c8r = z;
        Vector512<T> c9l = z,
            c9r = z,
            c10l = z,
            c10r = z,
            c11l = z,
            c11r = z;
        for (int p = 0; p < k; p++)
        {
            Vector512<T> l = Vector512.Load(b),
                r = Vector512.Load(b + w),
                x;
            x = Vector512.Create(a[0]);
            c0l = Lanes.MultiplyAdd(x, l, c0l);
            c0r = Lanes.MultiplyAdd(x, r, c0r);
            x = Vector512.Create(a[1]);
            c1l = Lanes.MultiplyAdd(x, l, c1l);
            c1r = Lanes.MultiplyAdd(x, r, c1r);
            x = Vector512.Create(a[2]);
            c2l = Lanes.MultiplyAdd(x, l, c2l);
            c2r = Lanes.MultiplyAdd(x, r, c2r);
            x = Vector512.Create(a[3]);
            c3l = Lanes.MultiplyAdd(x, l, c3l);
            c3r = Lanes.MultiplyAdd(x, r, c3r);
            x = Vector512.Create(a[4]);
            c4l = Lanes.MultiplyAdd(x, l, c4l);
            c4r = Lanes.MultiplyAdd(x, r, c4r);
            x = Vector512.Create(a[5]);
            c5l = Lanes.MultiplyAdd(x, l, c5l);
            c5r = Lanes.MultiplyAdd(x, r, c5r);
            x = Vector512.Create(a[6]);
            c6l = Lanes.MultiplyAdd(x, l, c6l);
            c6r = Lanes.MultiplyAdd(x, r, c6r);
            x = Vector512.Create(a[7]);
            c7l = Lanes.MultiplyAdd(x, l, c7l);
            c7r = Lanes.MultiplyAdd(x, r, c7r);
            x = Vector512.Create(a[8]);
            c8l = Lanes.MultiplyAdd(x, l, c8l);
            c8r = Lanes.MultiplyAdd(x, r, c8r);
            x = Vector512.Create(a[9]);
            c9l = Lanes.MultiplyAdd(x, l, c9l);
            c9r = Lanes.MultiplyAdd(x, r, c9r);
            x = Vector512.Create(a[10]);
            c10l = Lanes.MultiplyAdd(x, l, c10l);
            c10r = Lanes.MultiplyAdd(x, r, c10r);
            x = Vector512.Create(a[11]);
            c11l = Lanes.MultiplyAdd(x, l, c11l);
            c11r = Lanes.MultiplyAdd(x, r, c11r);
            a += 12;
            b += 2 * w;
        }
        Store(c, c0l, c0r, accumulate);
        Store(c + ldc, c1l, c1r, accumulate);
        Store(c + 2 * ldc, c2l, c2r, accumulate);
        Store(c + 3 * ldc, c3l, c3r, accumulate);
        Store(c + 4 * ldc, c4l, c4r, accumulate);
        Store(c + 5 * ldc, c5l, c5r, accumulate);
        Store(c + 6 * ldc, c6l, c6r, accumulate);
        Store(c + 7 * ldc, c7l, c7r, accumulate);
        Store(c + 8 * ldc, c8l, c8r, accumulate);
        Store(c + 9 * ldc, c9l, c9r, accumulate);
        Store(c + 10 * ldc, c10l, c10r, accumulate);
        Store(c + 11 * ldc, c11l, c11r, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow(int k, T* a, T* b, T* c, nint ldc, bool accumulate)
    {
        int w = Vector512<T>.Count;
        Vector512<T> z = default;
        Vector512<T> c0 = z,
            c1 = z,
            c2 = z,
            c3 = z,
            c4 = z,
            c5 = z;
        Vector512<T> c6 = z,
            c7 = z,
            c8 = z,
            c9 = z,
            c10 = z,
            c11 = z;
        for (int p = 0; p < k; p++)
        {
            Vector512<T> l = Vector512.Load(b);
            c0 = Lanes.MultiplyAdd(Vector512.Create(a[0]), l, c0);
            c1 = Lanes.MultiplyAdd(Vector512.Create(a[1]), l, c1);
            c2 = Lanes.MultiplyAdd(Vector512.Create(a[2]), l, c2);
            c3 = Lanes.MultiplyAdd(Vector512.Create(a[3]), l, c3);
            c4 = Lanes.MultiplyAdd(Vector512.Create(a[4]), l, c4);
            c5 = Lanes.MultiplyAdd(Vector512.Create(a[5]), l, c5);
            c6 = Lanes.MultiplyAdd(Vector512.Create(a[6]), l, c6);
            c7 = Lanes.MultiplyAdd(Vector512.Create(a[7]), l, c7);
            c8 = Lanes.MultiplyAdd(Vector512.Create(a[8]), l, c8);
            c9 = Lanes.MultiplyAdd(Vector512.Create(a[9]), l, c9);
            c10 = Lanes.MultiplyAdd(Vector512.Create(a[10]), l, c10);
            c11 = Lanes.MultiplyAdd(Vector512.Create(a[11]), l, c11);
            a += 12;
            b += 2 * w;
        }
        Store(c, c0, accumulate);
        Store(c + ldc, c1, accumulate);
        Store(c + 2 * ldc, c2, accumulate);
        Store(c + 3 * ldc, c3, accumulate);
        Store(c + 4 * ldc, c4, accumulate);
        Store(c + 5 * ldc, c5, accumulate);
        Store(c + 6 * ldc, c6, accumulate);
        Store(c + 7 * ldc, c7, accumulate);
        Store(c + 8 * ldc, c8, accumulate);
        Store(c + 9 * ldc, c9, accumulate);
        Store(c + 10 * ldc, c10, accumulate);
        Store(c + 11 * ldc, c11, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SubtractPanels(int k, T* a, T* b, T* c)
    {
        int w = Vector512<T>.Count;
        Lanes.Prefetch(c, Columns, PanelTileRows, Columns);
        Vector512<T> z = default;
        Vector512<T> c0l = z,
            c0r = z,
            c1l = z,
            c1r = z,
            c2l = z,
            c2r = z,
            c3l = z,
            c3r = z;
        Vector512<T> c4l = z,
            c4r = z,
            c5l = z,
            c5r = z,
            c6l = z,
            c6r = z,
            c7l = z,
            c7r = z;
        for (int p = 0; p < k; p++)
        {
            Vector512<T> l = Vector512.Load(b),
                r = Vector512.Load(b + w),
                x;
            x = Vector512.Create(a[0]);
            c0l = Lanes.MultiplyAdd(x, l, c0l);
            c0r = Lanes.MultiplyAdd(x, r, c0r);
            x = Vector512.Create(a[1]);
            c1l = Lanes.MultiplyAdd(x, l, c1l);
            c1r = Lanes.MultiplyAdd(x, r, c1r);
            x = Vector512.Create(a[2]);
            c2l = Lanes.MultiplyAdd(x, l, c2l);
            c2r = Lanes.MultiplyAdd(x, r, c2r);
            x = Vector512.Create(a[3]);
            c3l = Lanes.MultiplyAdd(x, l, c3l);
            c3r = Lanes.MultiplyAdd(x, r, c3r);
            x = Vector512.Create(a[4]);
            c4l = Lanes.MultiplyAdd(x, l, c4l);
            c4r = Lanes.MultiplyAdd(x, r, c4r);
            x = Vector512.Create(a[5]);
            c5l = Lanes.MultiplyAdd(x, l, c5l);
            c5r = Lanes.MultiplyAdd(x, r, c5r);
            x = Vector512.Create(a[6]);
            c6l = Lanes.MultiplyAdd(x, l, c6l);
            c6r = Lanes.MultiplyAdd(x, r, c6r);
            x = Vector512.Create(a[7]);
            c7l = Lanes.MultiplyAdd(x, l, c7l);
            c7r = Lanes.MultiplyAdd(x, r, c7r);
            a += 2 * w;
            b += 2 * w;
        }
        Subtract(c, c0l, c0r);
        Subtract(c + 2 * w, c1l, c1r);
        Subtract(c + 4 * w, c2l, c2r);
        Subtract(c + 6 * w, c3l, c3r);
        Subtract(c + 8 * w, c4l, c4r);
        Subtract(c + 10 * w, c5l, c5r);
        Subtract(c + 12 * w, c6l, c6r);
        Subtract(c + 14 * w, c7l, c7r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* c, Vector512<T> left, Vector512<T> right, bool accumulate)
    {
        Store(c, left, accumulate);
        Store(c + Vector512<T>.Count, right, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* c, Vector512<T> x, bool accumulate) => Vector512.Store(accumulate ? x + Vector512.Load(c) : x, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract(T* c, Vector512<T> left, Vector512<T> right)
    {
        Vector512.Store(Vector512.Load(c) - left, c);
        Vector512.Store(Vector512.Load(c + Vector512<T>.Count) - right, c + Vector512<T>.Count);
    }
}
