using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// What statistics are collected from: the inputs of the linear modules in the forward pass, inputs and output gradients in the backward
/// pass. The tensors are valid during the call only. Weight gradients are never formed: ∂L/∂W = dyᵀ x is what (x, dy) stand for.
/// </summary>
internal interface ILinearVisitor
{
    /// <summary>The following calls are about these sequences.</summary>
    /// <param name="first">Number of the first sequence in the run.</param>
    /// <param name="count">B; the tensors that follow have B·T rows.</param>
    /// <param name="sequenceLength">T.</param>
    void BeginBatch(int first, int count, int sequenceLength) { }

    /// <summary>
    /// Forward: x [B·T, n] is the input of every module of <paramref name="group"/>; called once a group, in order of the data flow.
    /// </summary>
    void Input(InputGroup group, Tensor x) { }

    /// <summary>Backward: x [B·T, n] is the module's input, dy [B·T, m] the gradient of each sequence's mean loss at its output.</summary>
    void Gradient(LinearModule module, Tensor x, Tensor dy) { }
}
