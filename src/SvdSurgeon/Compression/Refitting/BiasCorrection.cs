using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Refitting;

/// <summary>Keeps the mean output of a module. An option to be measured: after whitening it made the trial models worse.</summary>
internal static class BiasCorrection
{
    /// <summary>b + (W − W')·mean(x).</summary>
    /// <param name="bias">b, length m; empty for a module without bias.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="approximation">W', m × n.</param>
    /// <param name="meanInput">mean_t x_t, length n.</param>
    /// <returns>The corrected bias, length m.</returns>
    public static double[] Correct(ReadOnlySpan<double> bias, Matrix w, Matrix approximation, ReadOnlySpan<double> meanInput)
    {
        var corrected = new double[w.Rows];
        bias.CopyTo(corrected);
        for (int i = 0; i < w.Rows; i++)
        for (int j = 0; j < w.Columns; j++)
            corrected[i] += (w[i, j] - approximation[i, j]) * meanInput[j];
        FiniteNumbers.Require(corrected, "The corrected bias");
        return corrected;
    }
}
