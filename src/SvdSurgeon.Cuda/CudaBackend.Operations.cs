using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Kernels.Attention;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc/>
    public void LayerNorm(Tensor x, StoredTensor? weight, StoredTensor? bias, float epsilon, Tensor y, Tensor mean, Tensor r) =>
        _kernels.LayerNorm(
            _stream,
            _launch.Rows(x.Rows),
            View(x),
            Vector(weight),
            Vector(bias),
            View(y),
            View(mean),
            View(r),
            x.Columns,
            epsilon
        );

    /// <inheritdoc/>
    public void LayerNormBackward(Tensor dy, Tensor x, StoredTensor? weight, Tensor mean, Tensor r, Tensor dx, bool accumulate = false) =>
        _kernels.LayerNormBackward(
            _stream,
            _launch.Rows(x.Rows),
            View(dy),
            View(x),
            Vector(weight),
            View(mean),
            View(r),
            View(dx),
            x.Columns,
            accumulate ? 1 : 0
        );

    /// <inheritdoc/>
    public void RmsNorm(Tensor x, StoredTensor weight, float epsilon, Tensor y, Tensor r) =>
        _kernels.RmsNorm(_stream, _launch.Rows(x.Rows), View(x), Vector(weight), View(y), View(r), x.Columns, epsilon);

    /// <inheritdoc/>
    public void RmsNormBackward(Tensor dy, Tensor x, StoredTensor weight, Tensor r, Tensor dx, bool accumulate = false) =>
        _kernels.RmsNormBackward(
            _stream,
            _launch.Rows(x.Rows),
            View(dy),
            View(x),
            Vector(weight),
            View(r),
            View(dx),
            x.Columns,
            accumulate ? 1 : 0
        );

    /// <inheritdoc/>
    public void Rope(Tensor x, int headDim, RopeTable table, int sequenceLength, int start, bool inverse = false)
    {
        if (!_ropes.TryGetValue(table, out var views))
        {
            // Kept as long as the backend: a model has one table, or two.
            var cos = _pool.Rent((long)table.Cos.Length * sizeof(float)).As<float>(table.Cos.Length);
            var sin = _pool.Rent((long)table.Sin.Length * sizeof(float)).As<float>(table.Sin.Length);
            Transfer.Upload(_stream, table.Cos, cos);
            Transfer.Upload(_stream, table.Sin, sin);
            _ropes.Add(table, views = new RopeViews(cos, sin));
        }
        int half = table.HalfDim;
        long pairs = x.Length / headDim * half;
        _kernels.Rope(
            _stream,
            _launch.Flat(pairs),
            View(x),
            views.Cos,
            views.Sin,
            x.Columns,
            headDim,
            half,
            sequenceLength,
            start,
            inverse ? -1f : 1f
        );
    }

    /// <inheritdoc/>
    public void Attention(Tensor q, Tensor k, Tensor v, in AttentionShape shape, Tensor y, Tensor logSumExp) =>
        _kernels.Attention(
            _stream,
            _launch.Tiles(_launch.TilesFor(shape.QueryLength), shape.Sequences * shape.Heads, _launch.HeadSlices(shape.HeadDim)),
            View(q),
            View(k),
            View(v),
            View(y),
            View(logSumExp),
            Sizes(shape)
        );

    /// <inheritdoc/>
    public void AttentionBackward(
        Tensor q,
        Tensor k,
        Tensor v,
        Tensor y,
        Tensor logSumExp,
        Tensor dy,
        in AttentionShape shape,
        Tensor dq,
        Tensor dk,
        Tensor dv
    )
    {
        var sizes = Sizes(shape);
        int slices = _launch.HeadSlices(shape.HeadDim);
        using var block = _pool.Rent(logSumExp.Length * sizeof(float));
        var delta = block.As<float>(logSumExp.Length);
        _kernels.AttentionDelta(_stream, _launch.Warps(checked((int)logSumExp.Length)), View(dy), View(y), delta, shape.HeadDim);
        _kernels.AttentionQuery(
            _stream,
            _launch.Tiles(_launch.TilesFor(shape.QueryLength), shape.Sequences * shape.Heads, slices),
            View(q),
            View(k),
            View(v),
            View(dy),
            View(logSumExp),
            delta,
            View(dq),
            sizes
        );
        _kernels.AttentionKeyValue(
            _stream,
            _launch.Tiles(_launch.TilesFor(shape.KeyLength), shape.Sequences * shape.KeyValueHeads, slices),
            View(q),
            View(k),
            View(v),
            View(dy),
            View(logSumExp),
            delta,
            View(dk),
            View(dv),
            sizes
        );
    }

    /// <inheritdoc/>
    public void Relu(Tensor x, Tensor y) => _kernels.Relu(_stream, _launch.Flat(y.Length), View(x), View(y));

    /// <inheritdoc/>
    public void ReluBackward(Tensor dy, Tensor x, Tensor dx) =>
        _kernels.ReluBackward(_stream, _launch.Flat(dx.Length), View(dy), View(x), View(dx));

    /// <inheritdoc/>
    public void Gelu(Tensor x, Tensor y) => _kernels.Gelu(_stream, _launch.Flat(y.Length), View(x), View(y));

    /// <inheritdoc/>
    public void GeluBackward(Tensor dy, Tensor x, Tensor dx) =>
        _kernels.GeluBackward(_stream, _launch.Flat(dx.Length), View(dy), View(x), View(dx));

    /// <inheritdoc/>
    public void GeluTanh(Tensor x, Tensor y) => _kernels.GeluTanh(_stream, _launch.Flat(y.Length), View(x), View(y));

    /// <inheritdoc/>
    public void GeluTanhBackward(Tensor dy, Tensor x, Tensor dx) =>
        _kernels.GeluTanhBackward(_stream, _launch.Flat(dx.Length), View(dy), View(x), View(dx));

    /// <inheritdoc/>
    public void SoftCap(Tensor x, float cap, Tensor? slope = null)
    {
        if (slope is null)
            _kernels.SoftCap(_stream, _launch.Flat(x.Length), View(x), cap);
        else
            _kernels.SoftCapWithSlope(_stream, _launch.Flat(x.Length), View(x), cap, View(slope));
    }

    /// <inheritdoc/>
    public void SwiGlu(Tensor gate, Tensor up, Tensor y) => _kernels.SwiGlu(_stream, _launch.Flat(y.Length), View(gate), View(up), View(y));

    /// <inheritdoc/>
    public void SwiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) =>
        _kernels.SwiGluBackward(_stream, _launch.Flat(dy.Length), View(dy), View(gate), View(up), View(dGate), View(dUp));

    private static AttentionSizes Sizes(in AttentionShape shape) =>
        new()
        {
            QueryLength = shape.QueryLength,
            KeyLength = shape.KeyLength,
            Heads = shape.Heads,
            KeyValueHeads = shape.KeyValueHeads,
            HeadDim = shape.HeadDim,
            Window = shape.Window,
            Scale = shape.Scale,
            SoftCap = shape.SoftCap,
        };
}
