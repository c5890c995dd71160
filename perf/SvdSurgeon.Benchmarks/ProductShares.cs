using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Benchmarks;

/// <summary>
/// Rates of the Cholesky factor and of triangular solves as shares of a product's rate in float64. A product runs before each of them, so that what
/// disturbs the machine disturbs both.
/// </summary>
internal static class ProductShares
{
    private const double SecondsARow = 2;

    public static void Print(ILinearAlgebra algebra, int n)
    {
        var positive = DecompositionRuns.PositiveDefinite(algebra, n);
        var square = DecompositionRuns.Random(n, n);
        algebra.TryCholesky(positive, out var lower);
        double cube = Math.Pow(n, 3);
        Line($"cholesky {n}", cube / 3, () => algebra.TryCholesky(positive, out _));
        foreach (var side in new[] { Side.Left, Side.Right })
            foreach (bool transpose in new[] { false, true })
                Line($"triangular solve {n}, {(side == Side.Left ? "" : "X ")}{(transpose ? "Lᵀ" : "L")}{(side == Side.Left ? " X" : "")}", cube, () => algebra.SolveTriangular(lower, square, side, transpose));

        void Line(string name, double operations, Action run)
        {
            List<double> shares = [];
            for (double start = Clock.Seconds; Clock.Seconds - start < SecondsARow;)
            {
                double product = QuickTable.Time(() => algebra.Multiply(square, square));
                shares.Add(operations / QuickTable.Time(run) * product / (2 * cube));
            }
            shares.Sort();
            Console.WriteLine($"{name,-32} {shares[shares.Count / 2],8:F2}");
        }
    }
}
