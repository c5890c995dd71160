using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Cpu;

internal sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Attention(Tensor q, Tensor k, Tensor v, in AttentionShape shape, Tensor y, Tensor logSumExp) =>
        new AttentionForward(_team, _pool, shape).Run(Pointer(q), Pointer(k), Pointer(v), Pointer(y), Pointer(logSumExp));

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
    ) =>
        new AttentionBackward(_team, _pool, shape).Run(
            Pointer(q),
            Pointer(k),
            Pointer(v),
            Pointer(y),
            Pointer(logSumExp),
            Pointer(dy),
            Pointer(dq),
            Pointer(dk),
            Pointer(dv)
        );
}
