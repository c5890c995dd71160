using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>The CPU backend: SIMD kernels with scalar twins, a fixed team of threads, results that do not depend on its size.</summary>
public sealed partial class CpuBackend : IDisposable
{
    private readonly MemoryPool _pool = new();
    private readonly ThreadTeam _team;

    /// <param name="threads">Threads to use; 0 for one a processor.</param>
    public CpuBackend(int threads = 0)
    {
        if (threads < 0) throw new InvalidInputException($"--threads {threads}: the number of threads must be 0 (one a processor) or more.");
        _team = new ThreadTeam(threads == 0 ? Environment.ProcessorCount : threads);
        LinearAlgebra = new ManagedLinearAlgebra(_team);
    }

    /// <inheritdoc/>
    public ILinearAlgebra LinearAlgebra { get; }

    /// <summary>Threads in use.</summary>
    public int Threads => _team.Threads;

    /// <inheritdoc/>
    public Tensor Allocate(int rows, int columns) => new CpuTensor(_pool, rows, columns);

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<float> source, Tensor destination) => source.CopyTo(((CpuTensor)destination).Span);

    /// <inheritdoc/>
    public void Download(Tensor source, Span<float> destination) => ((CpuTensor)source).Span.CopyTo(destination);

    /// <inheritdoc/>
    public void Copy(Tensor source, Tensor destination) => ((CpuTensor)source).Span.CopyTo(((CpuTensor)destination).Span);

    /// <inheritdoc/>
    public void Fill(Tensor x, float value) => ((CpuTensor)x).Span.Fill(value);

    /// <inheritdoc/>
    public void Dispose()
    {
        _team.Dispose();
        _pool.Dispose();
    }
}
