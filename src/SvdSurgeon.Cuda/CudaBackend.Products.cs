using ILGPU;
using ILGPU.Runtime;
using SvdSurgeon.Cuda.VendorLibraries;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc/>
    public void Embed(ReadOnlySpan<int> ids, StoredTensor table, Tensor y)
    {
        if (ids.IsEmpty)
            return;
        table = _unpacked.Of(table);
        var stored = _weights.Get(table);
        _kernels.WidenRows(
            _stream,
            _launch.Matrix(ids.Length, table.Columns),
            stored,
            (int)table.Type,
            table.RowBytes,
            Indices(ids),
            View(y),
            table.Columns
        );
        _weights.EndUse();
    }

    /// <inheritdoc/>
    public void AddPositions(StoredTensor table, int offset, int sequenceLength, Tensor y)
    {
        var stored = _weights.Get(table);
        _kernels.AddPositions(
            _stream,
            _launch.Matrix(y.Rows, y.Columns),
            stored,
            (int)table.Type,
            table.RowBytes,
            offset,
            sequenceLength,
            View(y),
            y.Columns
        );
        _weights.EndUse();
    }

    /// <inheritdoc/>
    public void Linear(Tensor x, StoredTensor weight, StoredTensor? bias, Tensor y, bool accumulate = false)
    {
        if (bias is not null)
        {
            // The bias goes first: the product adds to it on its way out, and nothing is read once more.
            var b = Vector(bias);
            if (accumulate)
                _kernels.AddBias(_stream, _launch.Flat(y.Length), b, View(y), y.Columns);
            else
                _kernels.BroadcastBias(_stream, _launch.Flat(y.Length), b, View(y), y.Columns);
        }
        MultiplyWeight(x, weight, true, y, accumulate || bias is not null);
    }

    /// <inheritdoc/>
    public void LinearBackward(Tensor dy, StoredTensor weight, Tensor dx, bool accumulate = false) =>
        MultiplyWeight(dy, weight, false, dx, accumulate);

    /// <inheritdoc/>
    public void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c, bool accumulate = false)
    {
        int inner = transposeA ? a.Rows : a.Columns;
        if (IsEmptySum(inner, c, accumulate))
            return;
        _libraries.Multiply(
            new Product(
                c.Rows,
                c.Columns,
                inner,
                Address(a),
                transposeA,
                Address(b),
                transposeB,
                Address(c),
                DType.F32,
                accumulate,
                _options.Precision != ProductPrecision.Float32
            )
        );
    }

    /// <inheritdoc/>
    public void GatherColumns(Tensor x, ReadOnlySpan<int> indices, Tensor y)
    {
        if (y.Length == 0)
            return;
        _kernels.GatherColumns(_stream, _launch.Matrix(x.Rows, y.Columns), View(x), x.Columns, Indices(indices), View(y), y.Columns);
    }

    /// <inheritdoc/>
    public void ScatterColumns(Tensor x, ReadOnlySpan<int> indices, Tensor y, bool accumulate = false)
    {
        if (x.Length == 0)
            return;
        _kernels.ScatterColumns(
            _stream,
            _launch.Matrix(x.Rows, x.Columns),
            View(x),
            x.Columns,
            Indices(indices),
            View(y),
            y.Columns,
            accumulate ? 1 : 0
        );
    }

    // y = x W or x Wᵀ, W in its own type where the tensor cores take it, else widened into a block that lives for this product.
    private void MultiplyWeight(Tensor x, StoredTensor weight, bool transpose, Tensor y, bool accumulate)
    {
        if (IsEmptySum(x.Columns, y, accumulate))
            return;
        weight = _unpacked.Of(weight);
        var stored = _weights.Get(weight);
        if (_options.Precision == ProductPrecision.BFloat16 && weight.Type == DType.BF16)
        {
            using var narrow = _pool.Rent(x.Length * sizeof(ushort));
            var values = narrow.As<ushort>(x.Length);
            _kernels.Narrow(_stream, _launch.Flat(x.Length), View(x), values, (int)DType.BF16);
            _libraries.Multiply(
                new Product(
                    y.Rows,
                    y.Columns,
                    x.Columns,
                    values.LoadEffectiveAddressAsPtr(),
                    false,
                    stored.LoadEffectiveAddressAsPtr(),
                    transpose,
                    Address(y),
                    DType.BF16,
                    accumulate
                )
            );
        }
        else
        {
            using var wide = weight.Type == DType.F32 ? null : _pool.Rent(weight.Count * sizeof(float));
            nint address = stored.LoadEffectiveAddressAsPtr();
            if (wide is not null)
            {
                var values = wide.As<float>(weight.Count);
                _kernels.WidenRows(
                    _stream,
                    _launch.Matrix(weight.Rows, weight.Columns),
                    stored,
                    (int)weight.Type,
                    weight.RowBytes,
                    ArrayView<int>.Empty,
                    values,
                    weight.Columns
                );
                address = values.LoadEffectiveAddressAsPtr();
            }
            _libraries.Multiply(
                new Product(
                    y.Rows,
                    y.Columns,
                    x.Columns,
                    Address(x),
                    false,
                    address,
                    transpose,
                    Address(y),
                    DType.F32,
                    accumulate,
                    _options.Precision != ProductPrecision.Float32
                )
            );
        }
        _weights.EndUse();
    }

    // Neither cuBLAS nor a launch takes a length of 0.
    private bool IsEmptySum(int inner, Tensor y, bool accumulate)
    {
        if (inner != 0 && y.Length != 0)
            return false;
        if (!accumulate && y.Length != 0)
            Fill(y, 0);
        return true;
    }

    private static nint Address(Tensor x) => ((CudaTensor)x).Address;
}
