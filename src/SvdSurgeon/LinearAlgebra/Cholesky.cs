using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>a = L Lᵀ, right-looking by blocks of columns: almost all of the work is a product.</summary>
internal static unsafe class Cholesky
{
    private const int Block = 64;

    /// <summary>False when a pivot is not positive (or not a number).</summary>
    public static bool TryFactor(ThreadTeam team, Matrix a, out Matrix lower)
    {
        int n = a.Rows;
        lower = a.Clone();
        fixed (double* l = lower.Data)
            for (int k = 0; k < n; k += Block)
            {
                int width = Math.Min(Block, n - k), below = n - k - width;
                double* corner = l + (long)k * n + k, panel = corner + (long)width * n;
                if (!FactorCorner(corner, width, n)) return false;
                if (below == 0) break;
                // Panel ← panel · corner⁻ᵀ
                int rowsAnItem = TriangularStrip.Width;
                team.Run((below + rowsAnItem - 1) / rowsAnItem, item =>
                {
                    using var scratch = new Workspace((nuint)(width * rowsAnItem * sizeof(double)));
                    int first = item * rowsAnItem;
                    TriangularStrip.SolveRows(corner, n, panel + (long)first * n, n, width, Math.Min(rowsAnItem, below - first), (double*)scratch.Pointer);
                });
                Subtract(team, panel, below, width, n);
            }
        for (int i = 0; i < n; i++) lower.Row(i)[(i + 1)..].Clear();
        return true;
    }

    // Trailing lower triangle −= panel panelᵀ.
    private static void Subtract(ThreadTeam team, double* panel, int below, int width, int n)
    {
        using var negative = new Workspace((nuint)below * (nuint)width * sizeof(double));
        double* p = (double*)negative.Pointer;
        for (int i = 0; i < below; i++)
            for (int j = 0; j < width; j++) p[(long)i * width + j] = -panel[(long)i * n + j];
        Gemm.Run(
            team,
            new ProductShape<double>(below, below, width, panel + width, n, true) { LowerOnly = true },
            new Operand<double>(p, width, rowsAlongK: false),
            new Operand<double>(panel, n, rowsAlongK: false));
    }

    private static bool FactorCorner(double* corner, int width, int n)
    {
        for (int i = 0; i < width; i++)
        {
            double* row = corner + (long)i * n;
            SubstituteRow(row, corner, i, n);
            double rest = row[i] - Vectors.Dot(row, row, i);
            if (!(rest > 0) || !double.IsFinite(rest)) return false;
            row[i] = Math.Sqrt(rest);
        }
        return true;
    }

    // x ← x L⁻ᵀ for the leading L.
    private static void SubstituteRow(double* x, double* l, int width, int n)
    {
        for (int j = 0; j < width; j++) x[j] = (x[j] - Vectors.Dot(x, l + (long)j * n, j)) / l[(long)j * n + j];
    }
}
