using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Methods;

/// <summary>What was collected of the inputs of a group of modules that read the same input x of width n.</summary>
internal interface IInputSample
{
    /// <summary>H = Σ x xᵀ over the tokens, n × n, not damped.</summary>
    Matrix Gram();

    /// <summary>The mean of |x_j| over the tokens, length n.</summary>
    double[] MeanAbsolute();
}
