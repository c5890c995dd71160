using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>A layer norm of OPT; weight and bias are null where the configuration says that norms have none.</summary>
internal sealed record LayerNormWeights(StoredTensor? Weight, StoredTensor? Bias, float Epsilon)
{
    public static LayerNormWeights Load(Checkpoint checkpoint, string name)
    {
        var c = checkpoint.Config;
        return c.AffineNorms
            ? new(checkpoint.Require(name + ".weight", c.HiddenSize), checkpoint.Require(name + ".bias", c.HiddenSize), c.NormEpsilon)
            : new(null, null, c.NormEpsilon);
    }

    public void Forward(IBackend backend, Tensor x, Tensor y, Tensor mean, Tensor r) =>
        backend.LayerNorm(x, Weight, Bias, Epsilon, y, mean, r);

    public void Backward(IBackend backend, Tensor dy, Tensor x, Tensor mean, Tensor r, Tensor dx, bool accumulate) =>
        backend.LayerNormBackward(dy, x, Weight, mean, r, dx, accumulate);
}
