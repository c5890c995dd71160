using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Methods;

/// <summary>
/// SVD-LLM (2403.07378; by eigenvectors its second version, 2503.12340): the SVD of W S with S Sᵀ = H. Dropping component i costs exactly
/// σ_i² of ‖(W − W')Xᵀ‖_F².
/// </summary>
internal sealed class InputWhitening : CompressionMethod
{
    public override string Name => "whiten";
    public override string Sentence => "truncation-aware whitening of the inputs (SVD-LLM)";
    public override bool NeedsInputs => true;
    public override bool IsWhitened => true;

    internal override WhiteningFactor Input(ILinearAlgebra la, IInputSample inputs, WhiteningForm form) => Factor(la, inputs.Gram(), form);
}
