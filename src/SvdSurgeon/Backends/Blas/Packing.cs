using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Rearranges part of an operand into panels [k][width], which the microkernel reads in order.</summary>
internal static unsafe class Packing
{
    /// <summary>Source rows run along k: panel[p, j] = source[p, j] for j below <paramref name="count"/>, zero up to the width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<T>(T* source, nint stride, int k, int count, int width, T* panel) where T : unmanaged
    {
        if (Vector256.IsHardwareAccelerated && count >= Vector256<T>.Count)
        {
            int last = count - Vector256<T>.Count;
            for (int p = 0; p < k; p++, source += stride, panel += width)
            {
                // The last vector overlaps the one before it where the count is no multiple.
                for (int j = 0; j < last; j += Vector256<T>.Count) Vector256.Store(Vector256.Load(source + j), panel + j);
                Vector256.Store(Vector256.Load(source + last), panel + last);
                for (int j = count; j < width; j++) panel[j] = default;
            }
        }
        else if (count >= Vector128<T>.Count)
        {
            int last = count - Vector128<T>.Count;
            for (int p = 0; p < k; p++, source += stride, panel += width)
            {
                for (int j = 0; j < last; j += Vector128<T>.Count) Vector128.Store(Vector128.Load(source + j), panel + j);
                Vector128.Store(Vector128.Load(source + last), panel + last);
                for (int j = count; j < width; j++) panel[j] = default;
            }
        }
        else
            for (int p = 0; p < k; p++, source += stride, panel += width)
            {
                for (int j = 0; j < count; j++) panel[j] = source[j];
                for (int j = count; j < width; j++) panel[j] = default;
            }
    }

    /// <summary>Source rows run along the panel's width: panel[p, j] = source[j, p] for j below <paramref name="count"/>, zero up to the width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose<T>(T* source, nint stride, int k, int count, int width, T* panel) where T : unmanaged
    {
        int j = 0;
        // The last four rows overlap those before them where the count is no multiple of four.
        for (; j < count && count >= 4; j += 4)
        {
            j = Math.Min(j, count - 4);
            T* s0 = source + j * stride, s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride, to = panel + j;
            int p = 0;
            if (sizeof(T) == 4)
                for (; p <= k - 4; p += 4, to += 4 * width) Transpose4((float*)(s0 + p), (float*)(s1 + p), (float*)(s2 + p), (float*)(s3 + p), (float*)to, width);
            else
                for (; p <= k - 2; p += 2, to += 2 * width) Transpose2((double*)(s0 + p), (double*)(s1 + p), (double*)(s2 + p), (double*)(s3 + p), (double*)to, width);
            for (; p < k; p++, to += width)
            {
                to[0] = s0[p];
                to[1] = s1[p];
                to[2] = s2[p];
                to[3] = s3[p];
            }
        }
        for (; j < count; j++)
            for (int p = 0; p < k; p++) panel[(nint)p * width + j] = source[j * stride + p];
        for (; j < width; j++)
            for (int p = 0; p < k; p++) panel[(nint)p * width + j] = default;
    }

    // Four numbers of each of four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* s0, float* s1, float* s2, float* s3, float* to, nint width)
    {
        Vector128<float> r0 = Vector128.Load(s0), r1 = Vector128.Load(s1), r2 = Vector128.Load(s2), r3 = Vector128.Load(s3);
        Vector128<float> low02 = Lanes.ZipLow(r0, r2), high02 = Lanes.ZipHigh(r0, r2), low13 = Lanes.ZipLow(r1, r3), high13 = Lanes.ZipHigh(r1, r3);
        Vector128.Store(Lanes.ZipLow(low02, low13), to);
        Vector128.Store(Lanes.ZipHigh(low02, low13), to + width);
        Vector128.Store(Lanes.ZipLow(high02, high13), to + 2 * width);
        Vector128.Store(Lanes.ZipHigh(high02, high13), to + 3 * width);
    }

    // Two numbers of each of four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose2(double* s0, double* s1, double* s2, double* s3, double* to, nint width)
    {
        Vector128<double> r0 = Vector128.Load(s0), r1 = Vector128.Load(s1), r2 = Vector128.Load(s2), r3 = Vector128.Load(s3);
        Vector128.Store(Lanes.ZipLow(r0, r1), to);
        Vector128.Store(Lanes.ZipLow(r2, r3), to + 2);
        Vector128.Store(Lanes.ZipHigh(r0, r1), to + width);
        Vector128.Store(Lanes.ZipHigh(r2, r3), to + width + 2);
    }
}
