using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Rearranges part of an operand into panels [k][width], which the microkernel reads in order.</summary>
internal static unsafe class Packing
{
    /// <summary>Source rows run along k: panel[p, j] = source[p, j] for j below <paramref name="count"/>, zero up to the width.</summary>
    public static void Copy<T>(T* source, nint stride, int k, int count, int width, T* panel)
        where T : unmanaged
    {
        Copy(source, stride, k, count, panel, width);
        Clear(k, count, width, panel);
    }

    /// <summary>to[p, j] = source[p, j] for p below <paramref name="k"/> and j below <paramref name="count"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<T>(T* source, nint stride, int k, int count, T* to, nint strideTo)
        where T : unmanaged
    {
        // The last vector overlaps the one before it where the count is no multiple.
        if (Vector256.IsHardwareAccelerated && count >= Vector256<T>.Count)
        {
            int last = count - Vector256<T>.Count;
            for (int p = 0; p < k; p++, source += stride, to += strideTo)
            {
                for (int j = 0; j < last; j += Vector256<T>.Count)
                    Vector256.Store(Vector256.Load(source + j), to + j);
                Vector256.Store(Vector256.Load(source + last), to + last);
            }
        }
        else if (count >= Vector128<T>.Count)
        {
            int last = count - Vector128<T>.Count;
            for (int p = 0; p < k; p++, source += stride, to += strideTo)
            {
                for (int j = 0; j < last; j += Vector128<T>.Count)
                    Vector128.Store(Vector128.Load(source + j), to + j);
                Vector128.Store(Vector128.Load(source + last), to + last);
            }
        }
        else
            for (int p = 0; p < k; p++, source += stride, to += strideTo)
            for (int j = 0; j < count; j++)
                to[j] = source[j];
    }

    /// <summary>
    /// Source rows run along the panel's width: panel[p, j] = source[j, p] for j below <paramref name="count"/>, zero up to the width.
    /// </summary>
    public static void Transpose<T>(T* source, nint stride, int k, int count, int width, T* panel)
        where T : unmanaged
    {
        Transposition.Transpose(source, stride, k, count, panel, width);
        Clear(k, count, width, panel);
    }

    // The columns from the first on.
    private static void Clear<T>(int k, int first, int width, T* panel)
        where T : unmanaged
    {
        for (int j = first; j < width; j++)
        for (int p = 0; p < k; p++)
            panel[(nint)p * width + j] = default;
    }
}
