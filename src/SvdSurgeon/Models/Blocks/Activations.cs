using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>The activations of one argument, by name.</summary>
internal static class Activations
{
    /// <summary>y = activation(x); y may be x.</summary>
    public static void Forward(IBackend backend, Activation activation, Tensor x, Tensor y)
    {
        if (activation == Activation.Relu)
            backend.Relu(x, y);
        else if (activation == Activation.Gelu)
            backend.Gelu(x, y);
        else
            backend.GeluTanh(x, y);
    }

    /// <summary>dx = dy · activation'(x); dx may be dy.</summary>
    public static void Backward(IBackend backend, Activation activation, Tensor dy, Tensor x, Tensor dx)
    {
        if (activation == Activation.Relu)
            backend.ReluBackward(dy, x, dx);
        else if (activation == Activation.Gelu)
            backend.GeluBackward(dy, x, dx);
        else
            backend.GeluTanhBackward(dy, x, dx);
    }
}
