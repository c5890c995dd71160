using System.Numerics;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Row-major matrix products in float32 and float64, parallel over tiles of the output only.</summary>
internal static unsafe class Gemm
{
    private const int RowsPerItem = 16;

    /// <summary>c[m, n] (+)= op(a)[m, k] op(b)[k, n].</summary>
    public static void Multiply<T>(
        ThreadTeam team, int m, int n, int k, T* a, int lda, bool transposeA, T* b, int ldb, bool transposeB, T* c, int ldc, bool accumulate)
        where T : unmanaged, INumber<T>
    {
        if (m == 0 || n == 0) return;
        nint pa = (nint)a, pb = (nint)b, pc = (nint)c;
        team.Run((m + RowsPerItem - 1) / RowsPerItem, item =>
        {
            T* a = (T*)pa, b = (T*)pb, c = (T*)pc;
            for (int i = item * RowsPerItem; i < Math.Min(m, (item + 1) * RowsPerItem); i++)
            {
                T* ci = c + (long)i * ldc;
                if (!accumulate) new Span<T>(ci, n).Clear();
                if (!transposeB)
                {
                    for (int p = 0; p < k; p++)
                        Vectors.AddScaled(transposeA ? a[(long)p * lda + i] : a[(long)i * lda + p], b + (long)p * ldb, ci, n);
                    continue;
                }
                for (int j = 0; j < n; j++)
                {
                    if (!transposeA) ci[j] += Vectors.Dot(a + (long)i * lda, b + (long)j * ldb, k);
                    else
                    {
                        T sum = T.Zero;
                        for (int p = 0; p < k; p++) sum += a[(long)p * lda + i] * b[(long)j * ldb + p];
                        ci[j] += sum;
                    }
                }
            }
        });
    }
}
