using System.Diagnostics;
using System.Globalization;
using SvdSurgeon.Cuda.VendorLibraries;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Cuda.Benchmarks;

/// <summary>Float64 decompositions of host matrices with the transfers both ways, and how well they rebuild their matrix.</summary>
internal static class DecompositionBenchmarks
{
    // QR of a larger float64 matrix takes longer than all else together.
    private const int LargestQr = 1024;

    public static int Run(bool simulator)
    {
        using var backend = simulator ? CudaDevices.OpenSimulator() : CudaDevices.Open();
        var la = backend.LinearAlgebra;
        Console.WriteLine(backend.Description);
        Console.WriteLine();
        Console.WriteLine("| what | shape | s | relative error |");
        Console.WriteLine("| --- | --- | --- | --- |");
        int[] sizes = simulator ? [8, 20] : [20, 256, 640, 1024, 4096];
        foreach (int n in sizes)
        {
            var a = Random(n, n + n / 2, n);
            var gram = la.Multiply(a, a, transposeB: true);
            Matrix lower = null!;
            Report(
                "cholesky",
                n,
                n,
                simulator,
                () => la.TryCholesky(gram, out lower),
                () => Error(la.Multiply(lower, lower, transposeB: true), gram)
            );
            Matrix solved = null!;
            Report(
                "triangular solve",
                n,
                n,
                simulator,
                () => solved = la.SolveTriangular(lower, a, Side.Left, false),
                () => Error(la.Multiply(lower, solved), a)
            );
            EigenResult eigen = null!;
            Report(
                "eigen",
                n,
                n,
                simulator,
                () => eigen = la.SymmetricEigen(gram),
                () => Error(la.Multiply(Scaled(eigen.Vectors, eigen.Values), eigen.Vectors, transposeB: true), gram)
            );
            Svd(la, a, simulator);
        }
        if (!simulator)
            Svd(la, Random(4096, 11008, 1), false);
        return 0;
    }

    // The method that the size chooses, then each alone: the limits in CudaLimits are to be set by these.
    private static void Svd(ILinearAlgebra la, Matrix a, bool quiet)
    {
        SvdResult svd = null!;
        Report("svd", a.Rows, a.Columns, quiet, () => svd = la.Svd(a), () => Error(la.Multiply(Scaled(svd.U, svd.Sigma), svd.Vt), a));
        if (la is not CudaSolver solver)
            return;
        foreach (var method in new[] { SvdMethod.Qr, SvdMethod.GramEigen, SvdMethod.Polar })
        {
            if (method == SvdMethod.Qr && a.Rows > LargestQr)
                continue;
            Report(
                $"svd, {method}",
                a.Rows,
                a.Columns,
                quiet,
                () => svd = solver.Svd(a, method),
                () => Error(la.Multiply(Scaled(svd.U, svd.Sigma), svd.Vt), a)
            );
        }
        if (Math.Max(a.Rows, a.Columns) > la.LargestBatchedSide)
            return;
        // As many as small models have experts or heads; as many as a layer has modules.
        int count = Math.Max(a.Rows, a.Columns) <= 32 ? 64 : 7;
        Matrix[] batch = [.. Enumerable.Repeat(a, count)];
        Report(
            $"svd, {count} in a batch",
            a.Rows,
            a.Columns,
            quiet,
            () => svd = la.Svd(batch)[^1],
            () => Error(la.Multiply(Scaled(svd.U, svd.Sigma), svd.Vt), a)
        );
    }

    private static void Report(string name, int rows, int columns, bool quiet, Action action, Func<double> error)
    {
        action(); // loads kernels and workspaces
        var clock = Stopwatch.StartNew();
        action();
        string seconds = quiet ? "ran" : clock.Elapsed.TotalSeconds.ToString("F4", CultureInfo.InvariantCulture);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {rows} × {columns} | {seconds} | {error():E1} |"));
    }

    private static Matrix Scaled(Matrix u, double[] factors)
    {
        var scaled = u.Clone();
        for (int i = 0; i < u.Rows; i++)
        for (int j = 0; j < u.Columns; j++)
            scaled[i, j] *= factors[j];
        return scaled;
    }

    private static double Error(Matrix actual, Matrix expected)
    {
        double square = 0,
            norm = 0;
        for (int i = 0; i < expected.Data.Length; i++)
        {
            square += (actual.Data[i] - expected.Data[i]) * (actual.Data[i] - expected.Data[i]);
            norm += expected.Data[i] * expected.Data[i];
        }
        return Math.Sqrt(square / norm);
    }

    private static Matrix Random(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var a = new Matrix(rows, columns);
        foreach (ref double value in a.Data.AsSpan())
            value = random.NextDouble() - 0.5;
        return a;
    }
}
