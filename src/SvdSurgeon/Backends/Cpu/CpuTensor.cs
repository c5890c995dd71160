using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>A float32 matrix in 64-byte aligned native memory.</summary>
internal sealed unsafe class CpuTensor : Tensor
{
    private readonly MemoryPool? _pool;
    private readonly nuint _capacity;
    private bool _disposed;

    /// <summary>A tensor that owns a block of the pool.</summary>
    public CpuTensor(MemoryPool pool, int rows, int columns)
        : base(rows, columns)
    {
        _pool = pool;
        Pointer = (float*)pool.Rent((nuint)Length * sizeof(float), out _capacity);
    }

    private CpuTensor(float* view, int rows, int columns)
        : base(rows, columns) => Pointer = view;

    /// <summary>First number.</summary>
    public float* Pointer { get; }

    /// <summary>All numbers; the tensor holds fewer than 2³¹.</summary>
    public Span<float> Span => new(Pointer, checked((int)Length));

    /// <summary>Row i.</summary>
    public Span<float> Row(int i) => new(Pointer + (long)i * Columns, Columns);

    public override Tensor RowRange(int first, int count)
    {
        if (first < 0 || count < 0 || first + count > Rows)
            throw new ArgumentOutOfRangeException(nameof(first));
        return new CpuTensor(Pointer + (long)first * Columns, count, Columns);
    }

    public override Tensor Reshape(int rows, int columns)
    {
        if ((long)rows * columns != Length)
            throw new ArgumentException($"{Rows} × {Columns} cannot be seen as {rows} × {columns}.", nameof(rows));
        return new CpuTensor(Pointer, rows, columns);
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed || _pool is null)
            return;
        _disposed = true;
        _pool.Return((nint)Pointer, _capacity);
    }
}
