using SvdSurgeon.Compression.Ranks;

namespace SvdSurgeon.Compression.Allocation;

/// <summary>
/// What a rule may ask of the modules' ranks, in the order of <see cref="AllocationProblem.Modules"/>. Nothing is computed that is not
/// asked for; what was computed is found again by the next run.
/// </summary>
internal interface IRankEvidence
{
    /// <summary>All singular values of every module in the method's metric, descending.</summary>
    IReadOnlyList<double[]> SingularValues();

    /// <summary>What the spectral Fisher predicts that every rank loses.</summary>
    IReadOnlyList<RankLosses> FisherLosses();

    /// <summary>
    /// Every module at each candidate ratio while the others have the uniform ratio, with the change of KL(dense ‖ changed) in nats,
    /// summed over tokens, mean over sequences (Duo-SVD).
    /// </summary>
    IReadOnlyList<AllocationCandidate[]> CandidateDivergences();

    /// <summary>KL(dense ‖ dense with this one module at its rank) of every module, in the same unit.</summary>
    /// <param name="ranks">A rank per module; 0 for dense, whose divergence is 0.</param>
    double[] DivergencesAlone(IReadOnlyList<int> ranks);
}
