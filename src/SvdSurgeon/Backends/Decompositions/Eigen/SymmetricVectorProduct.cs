using System.Numerics;
using System.Runtime.CompilerServices;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>
/// y = A x for the trailing part of a symmetric matrix, reading its lower triangle once: memory bound. The rows are cut into strips of
/// equal area, each with its own partial result; how many strips there are depends on the size alone.
/// </summary>
internal sealed unsafe class SymmetricVectorProduct(ThreadTeam team, int n)
{
    private const int MaxStrips = 8,
        RowsAStrip = 64;

    private readonly double[] _partial = new double[MaxStrips * n];

    /// <summary>y[first…n) = A[first…n, first…n) x[first…n).</summary>
    public void Multiply(double* a, int stride, int first, double* x, double* y)
    {
        int rows = n - first,
            strips = Math.Clamp(rows / RowsAStrip, 1, MaxStrips);
        nint pa = (nint)a,
            px = (nint)x;
        team.Run(
            strips,
            strip =>
            {
                int top = first + Boundary(rows, strip, strips),
                    bottom = first + Boundary(rows, strip + 1, strips);
                fixed (double* partial = &_partial[strip * n])
                {
                    new Span<double>(partial + first, bottom - first).Clear();
                    int i = top;
                    for (; i <= bottom - 4; i += 4)
                        FourRows((double*)pa + (long)i * stride, stride, first, i, (double*)px, partial);
                    for (; i < bottom; i++)
                        OneRow((double*)pa + (long)i * stride, first, i, (double*)px, partial);
                }
            }
        );
        new Span<double>(y + first, rows).Clear();
        fixed (double* partial = _partial)
            for (int strip = 0; strip < strips; strip++)
                Vectors.Add(partial + strip * n + first, y + first, Boundary(rows, strip + 1, strips));
    }

    // Strips of a triangle with equal areas, in whole groups of four rows.
    private static int Boundary(int rows, int strip, int strips) =>
        strip == strips ? rows : (int)(rows * Math.Sqrt((double)strip / strips)) & ~3;

    // Rows i … i + 3, columns first … i + 3, and their mirror images.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows(double* a, int stride, int first, int i, double* x, double* y)
    {
        double* r0 = a,
            r1 = a + stride,
            r2 = r1 + stride,
            r3 = r2 + stride;
        double x0 = x[i],
            x1 = x[i + 1],
            x2 = x[i + 2],
            x3 = x[i + 3];
        Vector<double> v0 = new(x0),
            v1 = new(x1),
            v2 = new(x2),
            v3 = new(x3),
            s0 = default,
            s1 = default,
            s2 = default,
            s3 = default;
        int j = first;
        for (; j <= i - Vector<double>.Count; j += Vector<double>.Count)
        {
            Vector<double> a0 = Vector.Load(r0 + j),
                a1 = Vector.Load(r1 + j),
                a2 = Vector.Load(r2 + j),
                a3 = Vector.Load(r3 + j),
                xj = Vector.Load(x + j);
            s0 = Vector.FusedMultiplyAdd(a0, xj, s0);
            s1 = Vector.FusedMultiplyAdd(a1, xj, s1);
            s2 = Vector.FusedMultiplyAdd(a2, xj, s2);
            s3 = Vector.FusedMultiplyAdd(a3, xj, s3);
            var even = Vector.FusedMultiplyAdd(a0, v0, Vector.FusedMultiplyAdd(a2, v2, Vector.Load(y + j)));
            var odd = Vector.FusedMultiplyAdd(a1, v1, a3 * v3);
            Vector.Store(even + odd, y + j);
        }
        double t0 = Vector.Sum(s0),
            t1 = Vector.Sum(s1),
            t2 = Vector.Sum(s2),
            t3 = Vector.Sum(s3);
        for (; j < i; j++)
        {
            t0 += r0[j] * x[j];
            t1 += r1[j] * x[j];
            t2 += r2[j] * x[j];
            t3 += r3[j] * x[j];
            y[j] += r0[j] * x0 + r1[j] * x1 + r2[j] * x2 + r3[j] * x3;
        }
        // The 4 × 4 corner on the diagonal.
        y[i] += t0 + r0[i] * x0 + r1[i] * x1 + r2[i] * x2 + r3[i] * x3;
        y[i + 1] += t1 + r1[i] * x0 + r1[i + 1] * x1 + r2[i + 1] * x2 + r3[i + 1] * x3;
        y[i + 2] += t2 + r2[i] * x0 + r2[i + 1] * x1 + r2[i + 2] * x2 + r3[i + 2] * x3;
        y[i + 3] += t3 + r3[i] * x0 + r3[i + 1] * x1 + r3[i + 2] * x2 + r3[i + 3] * x3;
    }

    private static void OneRow(double* row, int first, int i, double* x, double* y)
    {
        Vectors.AddScaled(x[i], row + first, y + first, i - first);
        y[i] += Vectors.Dot(row + first, x + first, i - first + 1);
    }
}
