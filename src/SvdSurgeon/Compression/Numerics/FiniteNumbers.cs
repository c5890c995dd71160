using System.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Numerics;

/// <summary>Non-finite numbers are errors where they enter, never results.</summary>
internal static class FiniteNumbers
{
    /// <exception cref="NumericalException">A number is NaN or infinite.</exception>
    public static void Require(Matrix matrix, string what) => Require(matrix.Data, what);

    /// <exception cref="NumericalException">A number is NaN or infinite.</exception>
    public static void Require(ReadOnlySpan<double> values, string what)
    {
        // 0·x is 0 for every finite x and NaN for the others.
        var zeros = Vector<double>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector<double>.Count; i += Vector<double>.Count)
            zeros += new Vector<double>(values[i..]) * Vector<double>.Zero;
        double sum = Vector.Sum(zeros);
        for (; i < values.Length; i++)
            sum += 0 * values[i];
        if (double.IsNaN(sum))
            throw new NumericalException($"{what} holds a number that is not finite (NaN or infinite).");
    }
}
