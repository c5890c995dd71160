using BenchmarkDotNet.Attributes;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Benchmarks;

/// <summary>Rows and columns; operations as LAPACK counts them for the values and all vectors (a model, so that rates compare).</summary>
public sealed record MatrixSize(int M, int N, double Factor) : IWork
{
    public double Operations => Factor * Math.Max(M, N) * Math.Min(M, N) * Math.Min(M, N);

    public override string ToString() => $"{M}x{N}";
}

/// <summary>Cholesky factorization in float64.</summary>
[Config(typeof(Settings))]
public class CholeskyBenchmarks : DecompositionBenchmark
{
    public static IEnumerable<MatrixSize> Sizes => new[] { 576, 1536, 3072 }.Select(n => new MatrixSize(n, n, 1.0 / 3));

    [ParamsSource(nameof(Sizes))]
    public MatrixSize Size { get; set; } = new(1, 1, 1);

    [GlobalSetup]
    public void Setup() => Matrix = DecompositionRuns.PositiveDefinite(Algebra, Size.N);

    [Benchmark]
    public void Managed() => Algebra.TryCholesky(Matrix, out _);

    [Benchmark(Baseline = true)]
    public void OpenBlasDpotrf() => SystemBlas.Algebra.TryCholesky(Matrix, out _);
}

/// <summary>Symmetric eigen-decomposition in float64.</summary>
[Config(typeof(Settings))]
public class EigenBenchmarks : DecompositionBenchmark
{
    public static IEnumerable<MatrixSize> Sizes => new[] { 576, 1536, 2048 }.Select(n => new MatrixSize(n, n, 14.0 / 3));

    [ParamsSource(nameof(Sizes))]
    public MatrixSize Size { get; set; } = new(1, 1, 1);

    [GlobalSetup]
    public void Setup() => Matrix = DecompositionRuns.PositiveDefinite(Algebra, Size.N);

    [Benchmark]
    public void Managed() => Algebra.SymmetricEigen(Matrix);

    [Benchmark(Baseline = true)]
    public void OpenBlasDsyevd() => SystemBlas.Algebra.SymmetricEigen(Matrix);
}

/// <summary>Thin singular value decomposition; ours in float64, LAPACK's in float32.</summary>
[Config(typeof(Settings))]
public class SvdBenchmarks : DecompositionBenchmark
{
    public static IEnumerable<MatrixSize> Sizes =>
        [new(576, 576, 9), new(192, 576, 6), new(576, 1536, 6), new(768, 3072, 6), new(2048, 2048, 9)];

    [ParamsSource(nameof(Sizes))]
    public MatrixSize Size { get; set; } = new(1, 1, 1);

    [GlobalSetup]
    public void Setup() => Matrix = DecompositionRuns.Random(Size.M, Size.N);

    [Benchmark]
    public void Managed() => Algebra.Svd(Matrix);

    [Benchmark]
    public void OpenBlasDgesdd() => DecompositionRuns.LapackSvd(Matrix.Clone());

    [Benchmark(Baseline = true)]
    public void OpenBlasSgesdd() => DecompositionRuns.LapackSvd(Matrix.ToSingles(), Size.M, Size.N);
}

/// <summary>The matrix under test and the managed linear algebra.</summary>
public abstract class DecompositionBenchmark
{
    private readonly CpuBackend _backend = new();

    private protected ILinearAlgebra Algebra => _backend.LinearAlgebra;

    private protected Matrix Matrix { get; set; } = new(1, 1);

    [GlobalCleanup]
    public void Cleanup() => _backend.Dispose();
}
