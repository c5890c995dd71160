using SvdSurgeon.Compression;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Pipeline;

/// <summary>Where the surgeon's Fisher comes from: spectral gradients of sequences, or of tokens.</summary>
internal interface ISpectralFisherSource
{
    /// <summary>Key of the artifact.</summary>
    string Key { get; }

    /// <summary>The spectral Fisher of a module, for all the components that were collected.</summary>
    SpectralFisher Fisher(ILinearAlgebra la, string module);
}
