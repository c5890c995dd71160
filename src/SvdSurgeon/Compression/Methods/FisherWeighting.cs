using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Methods;

/// <summary>
/// FWSVD (Hsu et al. 2022): the SVD with row i scaled by (Σ_j F_ij)^½, F the Fisher information of the weights, unscaled again.
/// </summary>
internal sealed class FisherWeighting : CompressionMethod
{
    public override string Name => "fwsvd";
    public override string Sentence => "SVD with rows scaled by their Fisher information (FWSVD)";
    internal override OutputStatistic Outputs => OutputStatistic.RowFisher;

    internal override WhiteningFactor Output(ILinearAlgebra la, IOutputSample outputs) =>
        WhiteningFactor.DiagonalRoots(outputs.RowFisher());
}
