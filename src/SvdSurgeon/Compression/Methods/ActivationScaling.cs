using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Methods;

/// <summary>ASVD (Yuan et al. 2023): the SVD of W S with S = diag(mean_t |x_tj|)^½, unscaled again.</summary>
internal sealed class ActivationScaling : CompressionMethod
{
    public override string Name => "asvd";
    public override string Sentence => "SVD with columns scaled by the inputs' mean size (ASVD)";
    public override bool NeedsInputs => true;

    internal override WhiteningFactor Input(ILinearAlgebra la, IInputSample inputs, WhiteningForm form) =>
        WhiteningFactor.DiagonalRoots(inputs.MeanAbsolute());
}
