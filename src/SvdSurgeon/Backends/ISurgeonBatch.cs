using SvdSurgeon.Compression.Surgery;

namespace SvdSurgeon.Backends;

/// <summary>The closed forms of <see cref="Surgeon"/> for many modules in one launch, on a device that has kernels for them.</summary>
internal interface ISurgeonBatch
{
    /// <summary>The largest pool k worth a place in a batch; larger systems are solved one by one.</summary>
    int LargestPool { get; }

    /// <summary>s_i = σ_i² / [(H̄ + η·d·I)⁻¹]_ii for the k components of every module.</summary>
    /// <exception cref="NumericalException">A singular value or a Fisher is not finite.</exception>
    IReadOnlyList<double[]> Saliencies(IReadOnlyList<SurgeonModule> modules, double selectionDamping);

    /// <summary>σ_S ← max(σ_S + c·(H̄_SS + ε·d·I)⁻¹ H̄_SC σ_C, 0) for every module.</summary>
    /// <exception cref="NumericalException">A singular value or a Fisher is not finite.</exception>
    IReadOnlyList<double[]> Compensate(IReadOnlyList<SurgeonModule> modules, double scale, double damping);
}
