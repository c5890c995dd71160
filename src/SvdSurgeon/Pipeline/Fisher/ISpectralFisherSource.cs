using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Pipeline.Fisher;

/// <summary>Where the surgeon's Fisher comes from: spectral gradients of sequences, or of tokens.</summary>
internal interface ISpectralFisherSource
{
    /// <summary>Key of the artifact.</summary>
    string Key { get; }

    /// <summary>Opens the files that hold the Fishers of a layer's modules.</summary>
    SpectralFisherReader Open(ILinearAlgebra la, int layer);
}
