using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>Transposed copies of matrices, four rows at once.</summary>
internal static unsafe class Transposition
{
    /// <summary>to[p, j] = source[j, p] for p below <paramref name="k"/> and j below <paramref name="count"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose<T>(T* source, nint stride, int k, int count, T* to, nint strideTo)
        where T : unmanaged
    {
        int j = 0;
        // The last four rows overlap those before them where the count is no multiple of four.
        for (; j < count && count >= 4; j += 4)
        {
            j = Math.Min(j, count - 4);
            T* s0 = source + j * stride,
                s1 = s0 + stride,
                s2 = s1 + stride,
                s3 = s2 + stride,
                t = to + j;
            int p = 0;
            if (sizeof(T) == 4)
                for (; p <= k - 4; p += 4, t += 4 * strideTo)
                    Transpose4((float*)(s0 + p), (float*)(s1 + p), (float*)(s2 + p), (float*)(s3 + p), (float*)t, strideTo);
            else
            {
                if (Avx.IsSupported)
                    for (; p <= k - 4; p += 4, t += 4 * strideTo)
                        Transpose4((double*)(s0 + p), (double*)(s1 + p), (double*)(s2 + p), (double*)(s3 + p), (double*)t, strideTo);
                for (; p <= k - 2; p += 2, t += 2 * strideTo)
                    Transpose2((double*)(s0 + p), (double*)(s1 + p), (double*)(s2 + p), (double*)(s3 + p), (double*)t, strideTo);
            }
            for (; p < k; p++, t += strideTo)
            {
                t[0] = s0[p];
                t[1] = s1[p];
                t[2] = s2[p];
                t[3] = s3[p];
            }
        }
        for (; j < count; j++)
        for (int p = 0; p < k; p++)
            to[p * strideTo + j] = source[j * stride + p];
    }

    // Four numbers of each of four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* s0, float* s1, float* s2, float* s3, float* to, nint width)
    {
        Vector128<float> r0 = Vector128.Load(s0),
            r1 = Vector128.Load(s1),
            r2 = Vector128.Load(s2),
            r3 = Vector128.Load(s3);
        Vector128<float> low02 = Lanes.ZipLow(r0, r2),
            high02 = Lanes.ZipHigh(r0, r2),
            low13 = Lanes.ZipLow(r1, r3),
            high13 = Lanes.ZipHigh(r1, r3);
        Vector128.Store(Lanes.ZipLow(low02, low13), to);
        Vector128.Store(Lanes.ZipHigh(low02, low13), to + width);
        Vector128.Store(Lanes.ZipLow(high02, high13), to + 2 * width);
        Vector128.Store(Lanes.ZipHigh(high02, high13), to + 3 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(double* s0, double* s1, double* s2, double* s3, double* to, nint width)
    {
        Vector256<double> r0 = Vector256.Load(s0),
            r1 = Vector256.Load(s1),
            r2 = Vector256.Load(s2),
            r3 = Vector256.Load(s3);
        Vector256<double> even01 = Avx.UnpackLow(r0, r1),
            odd01 = Avx.UnpackHigh(r0, r1),
            even23 = Avx.UnpackLow(r2, r3),
            odd23 = Avx.UnpackHigh(r2, r3);
        Vector256.Store(Avx.Permute2x128(even01, even23, 0x20), to);
        Vector256.Store(Avx.Permute2x128(odd01, odd23, 0x20), to + width);
        Vector256.Store(Avx.Permute2x128(even01, even23, 0x31), to + 2 * width);
        Vector256.Store(Avx.Permute2x128(odd01, odd23, 0x31), to + 3 * width);
    }

    // Two numbers of each of four rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose2(double* s0, double* s1, double* s2, double* s3, double* to, nint width)
    {
        Vector128<double> r0 = Vector128.Load(s0),
            r1 = Vector128.Load(s1),
            r2 = Vector128.Load(s2),
            r3 = Vector128.Load(s3);
        Vector128.Store(Lanes.ZipLow(r0, r1), to);
        Vector128.Store(Lanes.ZipLow(r2, r3), to + 2);
        Vector128.Store(Lanes.ZipHigh(r0, r1), to + width);
        Vector128.Store(Lanes.ZipHigh(r2, r3), to + width + 2);
    }
}
