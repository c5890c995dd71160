using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>A norm of the rows of a tensor. Its statistics, [<see cref="StatisticsPerRow"/>, rows], are what its backward pass needs
/// besides its input.</summary>
internal interface INorm
{
    /// <summary>Numbers in a row.</summary>
    int Width { get; }

    /// <summary>Numbers that the backward pass needs of each row.</summary>
    int StatisticsPerRow { get; }

    /// <summary>y = norm(x), and the statistics.</summary>
    void Forward(IBackend backend, Tensor x, Tensor y, Tensor statistics);

    /// <summary>dx (+)= ∂L/∂x.</summary>
    void Backward(IBackend backend, Tensor dy, Tensor x, Tensor statistics, Tensor dx, bool accumulate = false);
}
