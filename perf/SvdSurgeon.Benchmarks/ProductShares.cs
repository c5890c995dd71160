using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions.Triangular;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Benchmarks;

/// <summary>
/// Rates of the Cholesky factor and of triangular solves as shares of a product's rate in float64. A product runs before each of them, so
/// that what disturbs the machine disturbs both. All write to memory that is there: new memory costs as much as a factor of 576 rows,
/// whoever writes to it.
/// </summary>
internal static unsafe class ProductShares
{
    private const double SecondsARow = 2;

    public static void Print(ThreadTeam team, ILinearAlgebra algebra, int n)
    {
        var positive = DecompositionRuns.PositiveDefinite(algebra, n);
        Matrix square = DecompositionRuns.Random(n, n),
            lower = new(n, n),
            result = new(n, n);
        Cholesky.TryFactor(team, positive, lower);
        double cube = Math.Pow(n, 3);
        Line($"cholesky {n}", cube / 3, () => Cholesky.TryFactor(team, positive, result));
        foreach (var side in new[] { Side.Left, Side.Right })
        foreach (bool transpose in new[] { false, true })
            Line(
                $"triangular solve {n}, {(side == Side.Left ? "" : "X ")}{(transpose ? "Lᵀ" : "L")}{(side == Side.Left ? " X" : "")}",
                cube,
                () => TriangularSolve.Solve(team, lower, square, side, transpose, result)
            );

        void Line(string name, double operations, Action run)
        {
            List<double> shares = [];
            for (double start = Clock.Seconds; Clock.Seconds - start < SecondsARow; )
            {
                double product = QuickTable.Time(Multiply);
                shares.Add(operations / QuickTable.Time(run) * product / (2 * cube));
            }
            shares.Sort();
            Console.WriteLine($"{name, -32} {shares[shares.Count / 2], 8:F2}");
        }

        void Multiply()
        {
            fixed (
                double* from = square.Data,
                    to = result.Data
            )
                Gemm.Multiply(team, n, n, n, from, n, false, from, n, false, to, n, false);
        }
    }
}
