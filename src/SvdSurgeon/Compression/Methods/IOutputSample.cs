using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Methods;

/// <summary>What was collected of the loss gradients g at the output of a module of m features.</summary>
internal interface IOutputSample
{
    /// <summary>C = Σ g gᵀ over the tokens, m × m, not damped; where <see cref="OutputStatistic.Gram"/> was asked for.</summary>
    Matrix Gram();

    /// <summary>Σ_b Σ_j (G_b)_ij² of every row i over the sequences b; where <see cref="OutputStatistic.RowFisher"/> was.</summary>
    double[] RowFisher();
}
