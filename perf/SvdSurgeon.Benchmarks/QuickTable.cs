using System.Diagnostics;
using System.Numerics;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions;

namespace SvdSurgeon.Benchmarks;

/// <summary>A plain table in about two minutes: best of several runs, ours and OpenBLAS alternating where it has the same.</summary>
internal static unsafe class QuickTable
{
    private static readonly (int M, int N, int K, bool TransposeB)[] Products =
    [
        (512, 768, 768, true),
        (2048, 3072, 768, true),
        (2048, 2048, 2048, false),
        (512, 576, 576, true),
        (512, 192, 576, true),
        (512, 1536, 576, true),
        (512, 576, 1536, true),
        (512, 576, 576, false),
        (512, 576, 1536, false),
        (512, 100, 576, true),
        (512, 576, 100, true),
        (512, 208, 1536, true),
        (512, 25, 576, true),
        (512, 576, 25, true),
        (512, 500, 1536, true),
        (512, 1536, 500, true),
    ];

    public static void Print(string[] only)
    {
        int threads = only.Contains("--one") ? 1 : Environment.ProcessorCount;
        using var team = new ThreadTeam(threads);
        if (SystemBlas.IsAvailable)
            SystemBlas.Library.SetThreads(threads);
        Clock.OfProcessor = threads == 1 && OperatingSystem.IsLinux();
        Console.WriteLine(
            $"{threads} threads, {InstructionSets.Active}, {(Clock.OfProcessor ? "processor time" : "wall time")}; "
                + $"{(SystemBlas.IsAvailable ? SystemBlas.Library : "no OpenBLAS or MKL")}"
        );
        if (only.Contains("--passes"))
        {
            PassTable(threads);
            return;
        }
        Console.WriteLine($"{"product", -32} {"ours", 8} {"OpenBLAS", 9} {"ratio", 6}   GFLOP/s");
        if (!only.Contains("--decompositions"))
        {
            foreach (var (m, n, k, transposed) in Products)
                Product<float>(team, m, n, k, transposed);
            foreach (var (m, n, k, transposed) in Products[..4])
                Product<double>(team, m, n, k, transposed);
        }
        if (only.Contains("--products"))
            return;
        if (!only.Contains("--decompositions"))
            PassTable(threads);
        Console.WriteLine($"{"decomposition", -32} {"ours", 8} {"OpenBLAS", 9} {"ratio", 6}   milliseconds");
        var algebra = new ManagedLinearAlgebra(team);
        foreach (int n in new[] { 576, 1536, 2048 })
        {
            DecompositionRuns.Cholesky(algebra, n);
            DecompositionRuns.TriangularSolve(algebra, n, n);
        }
        foreach (int n in new[] { 576, 1536, 2048 })
            DecompositionRuns.Eigen(algebra, n);
        foreach (var (m, n) in new[] { (576, 576), (192, 576), (576, 1536), (768, 3072), (2048, 2048) })
            DecompositionRuns.Svd(algebra, m, n);
        Console.WriteLine($"{"of a product's rate, float64", -32} {"median", 8}");
        foreach (int n in new[] { 576, 1536 })
            ProductShares.Print(team, algebra, n);
    }

    private static void PassTable(int threads)
    {
        using var kernels = new PassKernels(threads);
        Console.WriteLine($"{"kernel of a pass", -32} {"ms", 8} {"GFLOP/s", 9} {"GB/s", 6}");
        foreach (var kernel in kernels.All())
        {
            double seconds = Compare(kernel.Run, null).Ours;
            Console.WriteLine(
                $"{kernel.Name, -32} {seconds * 1e3, 8:F3} {1e-9 * kernel.Operations / seconds, 9:F1} {1e-9 * kernel.Bytes / seconds, 6:F1}"
            );
        }
    }

    private static void Product<T>(ThreadTeam team, int m, int n, int k, bool transposed)
        where T : unmanaged, INumberBase<T>
    {
        using var a = new Workspace((nuint)(m * k * sizeof(T)));
        using var b = new Workspace((nuint)(n * k * sizeof(T)));
        using var c = new Workspace((nuint)(m * n * sizeof(T)));
        Fill((T*)a.Pointer, m * k);
        Fill((T*)b.Pointer, n * k);
        T* pa = (T*)a.Pointer,
            pb = (T*)b.Pointer,
            pc = (T*)c.Pointer;
        int ldb = transposed ? k : n;
        var (ours, theirs) = Compare(
            () => Gemm.Multiply(team, m, n, k, pa, k, false, pb, ldb, transposed, pc, n, false),
            () =>
            {
                if (typeof(T) == typeof(float))
                    SystemBlas.Functions.Sgemm(
                        101,
                        111,
                        transposed ? 112 : 111,
                        m,
                        n,
                        k,
                        1,
                        (float*)pa,
                        k,
                        (float*)pb,
                        ldb,
                        0,
                        (float*)pc,
                        n
                    );
                else
                    SystemBlas.Functions.Dgemm(
                        101,
                        111,
                        transposed ? 112 : 111,
                        m,
                        n,
                        k,
                        1,
                        (double*)pa,
                        k,
                        (double*)pb,
                        ldb,
                        0,
                        (double*)pc,
                        n
                    );
            }
        );
        Line(
            $"{(typeof(T) == typeof(float) ? "sgemm" : "dgemm")} {m} x {n} x {k}{(transposed ? " T" : "")}",
            2e-9 * m * n * k,
            ours,
            theirs
        );
    }

    private static void Line(string name, double gigaflop, double ours, double theirs) =>
        Console.WriteLine($"{name, -32} {gigaflop / ours, 8:F1} {gigaflop / theirs, 9:F1} {theirs / ours, 6:F2}");

    // Best times in seconds; at least three rounds and about half a second.
    internal static (double Ours, double Theirs) Compare(Action ours, Action? theirs)
    {
        double bestOurs = double.PositiveInfinity,
            bestTheirs = double.PositiveInfinity;
        var total = Stopwatch.StartNew();
        for (int round = 0; round < 3 || total.Elapsed.TotalSeconds < 0.7; round++)
        {
            bestOurs = Math.Min(bestOurs, Time(ours));
            if (theirs is not null && SystemBlas.IsAvailable)
                bestTheirs = Math.Min(bestTheirs, Time(theirs));
        }
        return (bestOurs, bestTheirs);
    }

    internal static double Time(Action action)
    {
        double start = Clock.Seconds;
        action();
        return Clock.Seconds - start;
    }

    private static void Fill<T>(T* x, int n)
        where T : unmanaged, INumberBase<T>
    {
        var random = new Random(1);
        for (int i = 0; i < n; i++)
            x[i] = T.CreateTruncating(random.NextDouble() - 0.5);
    }
}
