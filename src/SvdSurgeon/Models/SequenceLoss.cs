using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>A loss of whole sequences, from the output of the last layer.</summary>
/// <param name="first">Number of the first sequence.</param>
/// <param name="hidden">Output of the last layer, [B·T, hiddenSize].</param>
/// <param name="losses">One number a sequence.</param>
/// <param name="dHidden">Overwritten with the gradient of the sum of the losses.</param>
internal delegate void SequenceLoss(int first, Tensor hidden, Span<double> losses, Tensor dHidden);
