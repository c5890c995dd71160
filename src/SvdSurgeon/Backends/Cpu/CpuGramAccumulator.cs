using SvdSurgeon.Backends.Blas;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>Keeps the lower triangle, packed by rows, in float64.</summary>
internal sealed unsafe class CpuGramAccumulator : GramAccumulator
{
    private readonly ThreadTeam _team;
    private readonly MemoryPool _pool;
    private double[]? _lower;

    public CpuGramAccumulator(ThreadTeam team, MemoryPool pool, int n) : base(n)
    {
        _team = team;
        _pool = pool;
        _lower = new double[(long)n * (n + 1) / 2];
    }

    public override void Add(Tensor x)
    {
        ObjectDisposedException.ThrowIf(_lower is null, this);
        int n = Size;
        if (x.Columns != n) throw new ArgumentException($"A Gram matrix of {n} columns cannot take {x.Columns}.", nameof(x));
        using var block = new CpuTensor(_pool, n, n);
        float* px = ((CpuTensor)x).Pointer;
        Gemm.Multiply(_team, n, n, x.Rows, px, n, true, px, n, false, block.Pointer, n, false);
        for (int i = 0; i < n; i++)
        {
            var to = _lower.AsSpan((int)((long)i * (i + 1) / 2), i + 1);
            var from = block.Row(i);
            for (int j = 0; j <= i; j++) to[j] += from[j];
        }
    }

    public override Matrix ToMatrix()
    {
        ObjectDisposedException.ThrowIf(_lower is null, this);
        var full = new Matrix(Size, Size);
        for (int i = 0; i < Size; i++)
            for (int j = 0; j <= i; j++) full[i, j] = full[j, i] = _lower[(long)i * (i + 1) / 2 + j];
        return full;
    }

    public override void Dispose() => _lower = null;
}
