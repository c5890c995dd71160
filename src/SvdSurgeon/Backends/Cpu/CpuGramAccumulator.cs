using SvdSurgeon.Backends.Blas;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>
/// Keeps the lower triangle, packed by rows, in float64. A block of rows is multiplied strip by strip into float32 scratch, only
/// where the strip meets the triangle, so neither the full square nor a second triangle is ever held.
/// </summary>
internal sealed unsafe class CpuGramAccumulator : GramAccumulator
{
    // Float32 sums run over at most this many tokens before they are added in float64.
    private const int TokensABlock = 2048;
    private const int StripHeight = 384;
    private const int MovedAtOnce = 1 << 16;

    private readonly ThreadTeam _team;
    private readonly IProducts _products;
    private readonly MemoryPool _pool;
    private double[]? _lower;

    public CpuGramAccumulator(ThreadTeam team, IProducts products, MemoryPool pool, int n)
        : base(n)
    {
        _team = team;
        _products = products;
        _pool = pool;
        _lower = Zeros.Array((long)n * (n + 1) / 2);
    }

    public override void Add(Tensor x)
    {
        ObjectDisposedException.ThrowIf(_lower is null, this);
        int n = Size;
        if (x.Columns != n)
            throw new ArgumentException($"A Gram matrix of {n} columns cannot take {x.Columns}.", nameof(x));
        using var scratch = new CpuTensor(_pool, Math.Min(n, StripHeight), n);
        for (int token = 0; token < x.Rows; token += TokensABlock)
        {
            float* block = ((CpuTensor)x).Pointer + (long)token * n;
            int tokens = Math.Min(TokensABlock, x.Rows - token);
            for (int top = 0; top < n; top += StripHeight)
                AddStrip(block, tokens, top, Math.Min(StripHeight, n - top), scratch);
        }
    }

    private void AddStrip(float* block, int tokens, int top, int height, CpuTensor scratch)
    {
        int n = Size,
            width = top + height;
        _products.Run(
            _team,
            new ProductShape<float>(height, width, tokens, scratch.Pointer, width, false) { Diagonal = top },
            new Operand<float>(block + top, n, rowsAlongK: true),
            new Operand<float>(block, n, rowsAlongK: true)
        );
        var lower = _lower!;
        _team.Run(
            height,
            r =>
            {
                int i = top + r;
                fixed (double* to = &lower[(long)i * (i + 1) / 2])
                    Vectors.AddWidened(scratch.Pointer + (long)r * width, to, i + 1);
            }
        );
    }

    public override Matrix ToMatrix()
    {
        ObjectDisposedException.ThrowIf(_lower is null, this);
        var full = new Matrix(Size, Size);
        for (int i = 0; i < Size; i++)
            _lower.AsSpan((int)((long)i * (i + 1) / 2), i + 1).CopyTo(full.Row(i));
        for (int i = 0; i < Size; i++)
        for (int j = 0; j < i; j++)
            full.Data[j * Size + i] = full.Data[i * Size + j];
        return full;
    }

    public override void MoveTo(Span<double> lower)
    {
        ObjectDisposedException.ThrowIf(_lower is null, this);
        if (lower.Length != _lower.Length)
            throw new ArgumentException($"A triangle of {_lower.Length} numbers cannot be added to {lower.Length}.", nameof(lower));
        fixed (
            double* from = _lower,
                to = lower
        )
        {
            double* source = from,
                destination = to;
            int length = _lower.Length;
            _team.Run(
                (length + MovedAtOnce - 1) / MovedAtOnce,
                part =>
                {
                    int first = part * MovedAtOnce,
                        count = Math.Min(MovedAtOnce, length - first);
                    Vectors.Add(source + first, destination + first, count);
                    new Span<double>(source + first, count).Clear();
                }
            );
        }
    }

    public override void Dispose() => _lower = null;
}
