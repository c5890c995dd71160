using ILGPU;
using ILGPU.Runtime;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

/// <summary>A float32 matrix in device memory.</summary>
internal sealed class CudaTensor : Tensor
{
    private DeviceBlock? _block;

    /// <summary>A tensor that owns a block of the pool.</summary>
    public CudaTensor(DeviceBlock block, int rows, int columns)
        : base(rows, columns)
    {
        _block = block;
        View = block.As<float>((long)rows * columns);
    }

    private CudaTensor(ArrayView<float> view, int rows, int columns)
        : base(rows, columns) => View = view;

    /// <summary>All numbers.</summary>
    public ArrayView<float> View { get; }

    /// <summary>Device address of the first number.</summary>
    public nint Address => View.Length == 0 ? 0 : View.LoadEffectiveAddressAsPtr();

    public override Tensor RowRange(int first, int count)
    {
        if (first < 0 || count < 0 || first + count > Rows)
            throw new ArgumentOutOfRangeException(nameof(first));
        return new CudaTensor(View.SubView((long)first * Columns, (long)count * Columns), count, Columns);
    }

    public override Tensor Reshape(int rows, int columns)
    {
        if ((long)rows * columns != Length)
            throw new ArgumentException($"{Rows} × {Columns} cannot be seen as {rows} × {columns}.", nameof(rows));
        return new CudaTensor(View, rows, columns);
    }

    protected override void Dispose(bool disposing)
    {
        // Without a dispose call the pool takes the memory down with the accelerator; a finalizer must not touch it.
        if (disposing)
            _block?.Dispose();
        _block = null;
    }
}
