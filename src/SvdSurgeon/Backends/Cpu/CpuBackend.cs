using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Decompositions;
using SvdSurgeon.Backends.SystemBlas;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>The CPU backend: SIMD kernels with scalar twins, a fixed team of threads, results that do not depend on its size.</summary>
internal sealed partial class CpuBackend : IBackend
{
    private readonly MemoryPool _pool = new();
    private readonly ThreadTeam _team;
    private readonly IProducts _products;
    private readonly BlasLibrary? _blas;
    private readonly bool _integerProducts;
    private readonly ConditionalWeakTable<StoredTensor, InterleavedNibbles> _interleaved = [];

    /// <param name="threads">Threads to use; 0 for one a processor.</param>
    /// <param name="blas">Products of float32 and float64 numbers and decompositions go through it; null for the managed ones, which give
    /// the same bytes on every machine of an instruction set.</param>
    /// <param name="integerProducts">For generating text: up to eight tokens are multiplied with 8- and 4-bit blocks in integers, their
    /// activations rounded to 8 bits as llama.cpp does; faster, and less exact than what statistics are collected with.</param>
    public CpuBackend(int threads = 0, BlasLibrary? blas = null, bool integerProducts = false)
    {
        if (threads < 0)
            throw new InvalidInputException($"--threads {threads}: the number of threads must be 0 (one a processor) or more.");
        _team = new ThreadTeam(threads == 0 ? Environment.ProcessorCount : threads);
        _blas = blas;
        _integerProducts = integerProducts;
        _products = blas is null ? ManagedProducts.Instance : new SystemProducts(blas.Functions);
        LinearAlgebra = blas is null ? new ManagedLinearAlgebra(_team) : new SystemLinearAlgebra(_team, blas);
    }

    /// <inheritdoc/>
    public string Description =>
        $"cpu ({Threads} {(Threads == 1 ? "thread" : "threads")}, {Simd}{(_blas is null ? "" : $"; {_blas.Name}")})";

    private static string Simd =>
        Vector512.IsHardwareAccelerated ? "AVX-512"
        : Vector256.IsHardwareAccelerated ? "AVX2"
        : Vector128.IsHardwareAccelerated ? "128-bit SIMD"
        : "scalar";

    /// <inheritdoc/>
    public ILinearAlgebra LinearAlgebra { get; }

    /// <summary>Threads in use.</summary>
    public int Threads => _team.Threads;

    /// <summary>Bytes of tensors that are not disposed.</summary>
    internal long RentedBytes => _pool.RentedBytes;

    /// <inheritdoc/>
    public Tensor Allocate(int rows, int columns) => new CpuTensor(_pool, rows, columns);

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<float> source, Tensor destination) => source.CopyTo(((CpuTensor)destination).Span);

    /// <inheritdoc/>
    public void Download(Tensor source, Span<float> destination) => ((CpuTensor)source).Span.CopyTo(destination);

    /// <inheritdoc/>
    public void Fill(Tensor x, float value) => ((CpuTensor)x).Span.Fill(value);

    /// <inheritdoc/>
    public void Dispose()
    {
        _team.Dispose();
        _pool.Dispose();
    }
}
