namespace SvdSurgeon.LinearAlgebra;

/// <summary>What every implementation of <see cref="ILinearAlgebra"/> checks of its inputs, in the same words.</summary>
internal static class MatrixChecks
{
    /// <exception cref="ArgumentException">The matrix is not square.</exception>
    public static void RequireSquare(this Matrix a, string what)
    {
        if (a.Rows != a.Columns)
            throw new ArgumentException($"The {what} needs a square matrix, not {a.Rows} × {a.Columns}.", nameof(a));
    }

    /// <summary>The largest magnitude; 0 of an empty matrix.</summary>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    public static double Largest(this Matrix a, string what)
    {
        double largest = 0;
        foreach (double x in a.Data)
            largest = Math.Max(largest, Math.Abs(x));
        return Finite(largest, a, what);
    }

    /// <summary>The largest magnitude of the lower triangle.</summary>
    /// <exception cref="NumericalException">A number of it is not finite.</exception>
    public static double LargestOfLower(this Matrix a, string what)
    {
        double largest = 0;
        for (int i = 0; i < a.Rows; i++)
            foreach (double x in a.Row(i)[..(i + 1)])
                largest = Math.Max(largest, Math.Abs(x));
        return Finite(largest, a, what);
    }

    private static double Finite(double largest, Matrix a, string what) =>
        double.IsFinite(largest)
            ? largest
            : throw new NumericalException($"The {a.Rows} × {a.Columns} matrix given to the {what} holds a non-finite number.");
}
