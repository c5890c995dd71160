using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Methods;

/// <summary>
/// Two-sided (Kronecker-factored) whitening: the SVD of L_gᵀ W L_x, the factors of the damped H and C. ½Σ_{dropped} σ_i² then estimates the
/// loss itself, in the same unit for every module, which is what ranks by spectrum rest on (docs/methods.md).
/// </summary>
internal sealed class TwoSidedWhitening : CompressionMethod
{
    /// <summary>a_x: damping of the input side, relative to the mean diagonal of H.</summary>
    public const double InputDamping = 1e-3;

    /// <summary>a_g: damping of the output side, relative to the mean diagonal of C.</summary>
    public const double OutputDamping = 0.3;

    public override string Name => "kfac";
    public override string Sentence => "two-sided whitening, of inputs and output gradients";
    public override bool NeedsInputs => true;
    internal override OutputStatistic Outputs => OutputStatistic.Gram;
    public override bool IsWhitened => true;
    public override bool ModelsLoss => true;

    internal override WhiteningFactor Input(ILinearAlgebra la, IInputSample inputs, WhiteningForm form) => Factor(la, inputs.Gram(), form);

    internal override WhiteningFactor Output(ILinearAlgebra la, IOutputSample outputs) =>
        WhiteningFactor.Damped(la, outputs.Gram(), OutputDamping);

    // Damped it is never singular: the form does not matter.
    internal override WhiteningFactor Factor(ILinearAlgebra la, Matrix gram, WhiteningForm form) =>
        WhiteningFactor.Damped(la, gram, InputDamping);

    internal override Matrix Damp(Matrix gram) => WhitenedSvd.Damp(gram, InputDamping);
}
