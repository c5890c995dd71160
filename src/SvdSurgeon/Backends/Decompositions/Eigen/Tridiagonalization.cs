using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>
/// A = Q T Qᵀ with T tridiagonal and Q = H₀ H₁ …, by panels: inside a panel the trailing matrix is only read (one product with a vector a
/// column, half of the matrix), then all reflectors of the panel are applied to it in one rank-2k product.
/// </summary>
internal sealed unsafe class Tridiagonalization
{
    private const int Panel = 32,
        BackBlock = 64;

    private readonly Matrix _reflectors;
    private readonly double[] _tau;

    private Tridiagonalization(int n)
    {
        Diagonal = new double[n];
        OffDiagonal = new double[n];
        _reflectors = new Matrix(Math.Max(0, n - 2), n);
        _tau = new double[n];
    }

    /// <summary>Diagonal of T.</summary>
    public double[] Diagonal { get; }

    /// <summary>Element i couples i and i + 1.</summary>
    public double[] OffDiagonal { get; }

    /// <summary>Reduces scale · a; reads the lower triangle.</summary>
    public static Tridiagonalization Reduce(ThreadTeam team, Matrix a, double scale)
    {
        int n = a.Rows;
        var form = new Tridiagonalization(n);
        var work = new Matrix(n, n);
        for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            work.Data[i * n + j] = a.Data[i * n + j] * scale;
        using var columns = new Workspace((nuint)(Panel * n * sizeof(double)));
        using var factors = new Workspace((nuint)(4 * Panel * n * sizeof(double)));
        var symmetric = new SymmetricVectorProduct(team, n);
        fixed (double* w = work.Data)
            for (int k = 0; k < n - 2; k += Panel)
                form.ReducePanel(team, symmetric, w, n, k, Math.Min(Panel, n - 2 - k), (double*)columns.Pointer, (double*)factors.Pointer);
        for (int i = Math.Max(0, n - 2); i < n; i++)
            form.Diagonal[i] = work[i, i];
        if (n >= 2)
            form.OffDiagonal[n - 2] = work[n - 1, n - 2];
        return form;
    }

    // Rows of left are the panel's v, then its w; rows of right are −w, then −v, so that A += leftᵀ right afterwards.
    private void ReducePanel(
        ThreadTeam team,
        SymmetricVectorProduct symmetric,
        double* a,
        int n,
        int first,
        int width,
        double* columns,
        double* factors
    )
    {
        double* left = factors,
            right = factors + 2L * Panel * n;
        new Span<double>(factors, 4 * Panel * n).Clear();
        for (int i = first; i < n; i++)
        for (int c = 0; c < width; c++)
            columns[(long)c * n + i] = a[(long)i * n + first + c];
        fixed (double* reflectors = _reflectors.Data)
            for (int c = 0; c < width; c++)
            {
                int j = first + c,
                    length = n - j - 1;
                double* x = columns + (long)c * n,
                    v = left + (long)c * n,
                    w = left + (long)(width + c) * n;
                for (int p = 0; p < c; p++)
                {
                    double* vp = left + (long)p * n,
                        wp = left + (long)(width + p) * n;
                    Vectors.AddScaled2(-wp[j], vp + j, -vp[j], wp + j, x + j, n - j);
                }
                Diagonal[j] = x[j];
                (_tau[j], OffDiagonal[j]) = Householder.Make(x + j + 1, length);
                new Span<double>(x + j + 1, length).CopyTo(new Span<double>(v + j + 1, length));
                new Span<double>(x + j + 1, length).CopyTo(new Span<double>(reflectors + (long)j * n + j + 1, length));
                symmetric.Multiply(a, n, j + 1, v, w);
                for (int p = 0; p < c; p++)
                {
                    double* vp = left + (long)p * n + j + 1,
                        wp = left + (long)(width + p) * n + j + 1;
                    Vectors.AddScaled2(-Vectors.Dot(wp, v + j + 1, length), vp, -Vectors.Dot(vp, v + j + 1, length), wp, w + j + 1, length);
                }
                double half = -0.5 * _tau[j] * _tau[j] * Vectors.Dot(w + j + 1, v + j + 1, length);
                for (int i = j + 1; i < n; i++)
                    w[i] = _tau[j] * w[i] + half * v[i];
            }
        for (int c = 0; c < width; c++)
        for (int i = first + width; i < n; i++)
        {
            right[(long)c * n + i] = -left[(long)(width + c) * n + i];
            right[(long)(width + c) * n + i] = -left[(long)c * n + i];
        }
        int next = first + width,
            rest = n - next;
        Gemm.Run(
            team,
            new ProductShape<double>(rest, rest, 2 * width, a + (long)next * n + next, n, true) { Diagonal = 0 },
            new Operand<double>(left + next, n, rowsAlongK: true),
            new Operand<double>(right + next, n, rowsAlongK: true)
        );
    }

    /// <summary>Rows that are eigenvectors of T become eigenvectors of A: z ← Q z.</summary>
    public void TransformBack(ThreadTeam team, Matrix rows)
    {
        int n = rows.Columns,
            count = _reflectors.Rows;
        using var shares = new Workspace((nuint)(2L * n * BackBlock * sizeof(double)));
        var t = new double[BackBlock * BackBlock];
        fixed (
            double* z = rows.Data,
                v0 = _reflectors.Data,
                pt = t
        )
            for (int first = (count - 1) / BackBlock * BackBlock; count > 0 && first >= 0; first -= BackBlock)
            {
                int width = Math.Min(BackBlock, count - first),
                    column = first + 1,
                    length = n - column;
                double* v = v0 + (long)first * n + column,
                    y = (double*)shares.Pointer,
                    yt = y + (long)n * BackBlock;
                CompactFactor(v, n, width, length, _tau.AsSpan(first, width), pt);
                // z (I − V T Vᵀ)ᵀ = z − (z V) Tᵀ Vᵀ
                Gemm.Multiply(team, n, width, length, z + column, n, false, v, n, true, y, width, false);
                Gemm.Multiply(team, n, width, width, y, width, false, pt, BackBlock, true, yt, width, false);
                Gemm.Multiply(team, n, length, width, yt, width, false, v, n, false, z + column, n, true);
            }
    }

    // Upper triangular −T with H₀ H₁ … = I − V T Vᵀ.
    private static void CompactFactor(double* v, int n, int width, int length, ReadOnlySpan<double> tau, double* t)
    {
        new Span<double>(t, BackBlock * BackBlock).Clear();
        double* dots = stackalloc double[BackBlock];
        for (int j = 0; j < width; j++)
        {
            for (int i = 0; i < j; i++)
                dots[i] = Vectors.Dot(v + (long)i * n + j, v + (long)j * n + j, length - j);
            // T_:j = −τ T (Vᵀ v_j); the stored factor is −T, which absorbs one sign.
            for (int i = 0; i < j; i++)
            {
                double sum = 0;
                for (int p = i; p < j; p++)
                    sum += t[i * BackBlock + p] * dots[p];
                t[i * BackBlock + j] = -tau[j] * sum;
            }
            t[j * BackBlock + j] = -tau[j];
        }
    }
}
