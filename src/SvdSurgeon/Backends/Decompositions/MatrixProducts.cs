using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions;

/// <summary>Float64 products of whole matrices.</summary>
internal static unsafe class MatrixProducts
{
    /// <summary>op(a) · op(b).</summary>
    public static Matrix Multiply(ThreadTeam team, Matrix a, Matrix b, bool transposeA = false, bool transposeB = false) =>
        Multiply(team, ManagedProducts.Instance, a, b, transposeA, transposeB);

    /// <summary>op(a) · op(b) by either kind of product.</summary>
    public static Matrix Multiply(ThreadTeam team, IProducts products, Matrix a, Matrix b, bool transposeA, bool transposeB)
    {
        int m = transposeA ? a.Columns : a.Rows,
            k = transposeA ? a.Rows : a.Columns;
        int n = transposeB ? b.Rows : b.Columns;
        if (k != (transposeB ? b.Columns : b.Rows))
            throw new ArgumentException($"{a.Rows} × {a.Columns} and {b.Rows} × {b.Columns} cannot be multiplied this way.", nameof(b));
        var c = Matrix.Uninitialized(m, n);
        fixed (
            double* pa = a.Data,
                pb = b.Data,
                pc = c.Data
        )
            products.Run(
                team,
                new ProductShape<double>(m, n, k, pc, n, false),
                new Operand<double>(pa, a.Columns, transposeA),
                new Operand<double>(pb, b.Columns, !transposeB)
            );
        return c;
    }

    /// <summary>c += factor · a b; a is scaled in place.</summary>
    public static void AddProduct(ThreadTeam team, double factor, Matrix a, Matrix b, Matrix c)
    {
        for (int i = 0; i < a.Data.Length; i++)
            a.Data[i] *= factor;
        fixed (
            double* pa = a.Data,
                pb = b.Data,
                pc = c.Data
        )
            Gemm.Multiply(team, a.Rows, b.Columns, a.Columns, pa, a.Columns, false, pb, b.Columns, false, pc, c.Columns, true);
    }

    /// <summary>The lower triangle of a aᵀ, or of aᵀa, with half the work; what lies above the diagonal is undefined.</summary>
    public static Matrix LowerGram(ThreadTeam team, Matrix a, bool ofColumns = false)
    {
        int n = ofColumns ? a.Columns : a.Rows;
        var c = new Matrix(n, n);
        fixed (
            double* pa = a.Data,
                pc = c.Data
        )
        {
            var operand = new Operand<double>(pa, a.Columns, rowsAlongK: ofColumns);
            Gemm.Run(team, new ProductShape<double>(n, n, ofColumns ? a.Rows : a.Columns, pc, n, false) { Diagonal = 0 }, operand, operand);
        }
        return c;
    }

    /// <summary>
    /// tr(A H Aᵀ) = Σ (AᵀA ∘ H) for a symmetric H. Only the lower triangle of AᵀA is made, a strip of rows at a time: it is never held, and
    /// A H, which would cost twice as much, is not made at all.
    /// </summary>
    public static double SquaredNorm(ThreadTeam team, IProducts products, Matrix a, Matrix h)
    {
        const int rows = 384;
        int n = a.Columns;
        if (h.Rows != n || h.Columns != n)
            throw new ArgumentException($"The metric of {a.Rows} × {n} is {n} × {n}, not {h.Rows} × {h.Columns}.", nameof(h));
        using var strip = new Workspace((nuint)((long)Math.Min(rows, n) * n * sizeof(double)));
        double* own = (double*)strip.Pointer;
        double sum = 0;
        fixed (
            double* pa = a.Data,
                ph = h.Data
        )
            for (int first = 0; first < n; first += rows)
            {
                int count = Math.Min(rows, n - first),
                    width = first + count;
                products.Run(
                    team,
                    new ProductShape<double>(count, width, a.Rows, own, width, false) { Diagonal = first },
                    new Operand<double>(pa + first, n, rowsAlongK: true),
                    new Operand<double>(pa, n, rowsAlongK: true)
                );
                for (int i = 0; i < count; i++)
                {
                    double* row = own + (long)i * width,
                        metric = ph + (long)(first + i) * n;
                    sum += 2 * Vectors.Dot(row, metric, first + i) + row[first + i] * metric[first + i];
                }
            }
        return sum;
    }
}
