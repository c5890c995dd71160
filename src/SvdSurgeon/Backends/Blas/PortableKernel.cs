using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Blas;

/// <summary>4 × 2 vectors of 128 bits: 8 sums fit the 16 registers of SSE and the 32 of AdvSimd.</summary>
internal readonly unsafe struct PortableKernel<T> : IMicroKernel<T>
    where T : unmanaged
{
    public static int Rows => 4;
    public static int Columns => 2 * Vector128<T>.Count;
    public static int PanelTileRows => 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int k, T* a, T* b, T* c, nint ldc, bool accumulate)
    {
        int w = Vector128<T>.Count;
        Lanes.Prefetch(c, ldc, Rows, Columns);
        Vector128<T> z = default;
        Vector128<T> c0l = z,
            c0r = z,
            c1l = z,
            c1r = z,
            c2l = z,
            c2r = z;
        Vector128<T> c3l = z,
            c3r = z;
        for (int p = 0; p < k; p++)
        {
            Vector128<T> l = Vector128.Load(b),
                r = Vector128.Load(b + w),
                x;
            x = Vector128.Create(a[0]);
            c0l = Lanes.MultiplyAdd(x, l, c0l);
            c0r = Lanes.MultiplyAdd(x, r, c0r);
            x = Vector128.Create(a[1]);
            c1l = Lanes.MultiplyAdd(x, l, c1l);
            c1r = Lanes.MultiplyAdd(x, r, c1r);
            x = Vector128.Create(a[2]);
            c2l = Lanes.MultiplyAdd(x, l, c2l);
            c2r = Lanes.MultiplyAdd(x, r, c2r);
            x = Vector128.Create(a[3]);
            c3l = Lanes.MultiplyAdd(x, l, c3l);
            c3r = Lanes.MultiplyAdd(x, r, c3r);
            a += 4;
            b += 2 * w;
        }
        Store(c, c0l, c0r, accumulate);
        Store(c + ldc, c1l, c1r, accumulate);
        Store(c + 2 * ldc, c2l, c2r, accumulate);
        Store(c + 3 * ldc, c3l, c3r, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow(int k, T* a, T* b, T* c, nint ldc, bool accumulate)
    {
        int w = Vector128<T>.Count;
        Vector128<T> z = default;
        Vector128<T> c0 = z,
            c1 = z,
            c2 = z,
            c3 = z;
        for (int p = 0; p < k; p++)
        {
            Vector128<T> l = Vector128.Load(b);
            c0 = Lanes.MultiplyAdd(Vector128.Create(a[0]), l, c0);
            c1 = Lanes.MultiplyAdd(Vector128.Create(a[1]), l, c1);
            c2 = Lanes.MultiplyAdd(Vector128.Create(a[2]), l, c2);
            c3 = Lanes.MultiplyAdd(Vector128.Create(a[3]), l, c3);
            a += 4;
            b += 2 * w;
        }
        Store(c, c0, accumulate);
        Store(c + ldc, c1, accumulate);
        Store(c + 2 * ldc, c2, accumulate);
        Store(c + 3 * ldc, c3, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SubtractPanels(int k, T* a, T* b, T* c)
    {
        int w = Vector128<T>.Count;
        Lanes.Prefetch(c, Columns, PanelTileRows, Columns);
        Vector128<T> z = default;
        Vector128<T> c0l = z,
            c0r = z,
            c1l = z,
            c1r = z,
            c2l = z,
            c2r = z,
            c3l = z,
            c3r = z;
        for (int p = 0; p < k; p++)
        {
            Vector128<T> l = Vector128.Load(b),
                r = Vector128.Load(b + w),
                x;
            x = Vector128.Create(a[0]);
            c0l = Lanes.MultiplyAdd(x, l, c0l);
            c0r = Lanes.MultiplyAdd(x, r, c0r);
            x = Vector128.Create(a[1]);
            c1l = Lanes.MultiplyAdd(x, l, c1l);
            c1r = Lanes.MultiplyAdd(x, r, c1r);
            x = Vector128.Create(a[2]);
            c2l = Lanes.MultiplyAdd(x, l, c2l);
            c2r = Lanes.MultiplyAdd(x, r, c2r);
            x = Vector128.Create(a[3]);
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
    private static void Store(T* c, Vector128<T> left, Vector128<T> right, bool accumulate)
    {
        Store(c, left, accumulate);
        Store(c + Vector128<T>.Count, right, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* c, Vector128<T> x, bool accumulate) => Vector128.Store(accumulate ? x + Vector128.Load(c) : x, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract(T* c, Vector128<T> left, Vector128<T> right)
    {
        Vector128.Store(Vector128.Load(c) - left, c);
        Vector128.Store(Vector128.Load(c + Vector128<T>.Count) - right, c + Vector128<T>.Count);
    }
}
