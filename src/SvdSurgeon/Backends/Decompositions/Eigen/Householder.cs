using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>Elementary reflectors H = I − τ v vᵀ with v[0] = 1.</summary>
internal static unsafe class Householder
{
    /// <summary>Turns x into v so that H x = β e₀; τ = 0 when x is a multiple of e₀ already.</summary>
    public static (double Tau, double Beta) Make(double* x, int n)
    {
        if (n == 0)
            return (0, 0);
        double largest = 0;
        for (int i = 1; i < n; i++)
            largest = Math.Max(largest, Math.Abs(x[i]));
        double alpha = x[0];
        x[0] = 1;
        if (largest == 0)
            return (0, alpha);
        // Scaled so that squares neither overflow nor vanish.
        largest = Math.Max(largest, Math.Abs(alpha));
        double inverse = 1 / largest;
        if (!double.IsFinite(inverse))
            (inverse, largest) = (1, 1);
        for (int i = 1; i < n; i++)
            x[i] *= inverse;
        double a = alpha * inverse;
        double beta = -Math.CopySign(Math.Sqrt(a * a + Vectors.Dot(x + 1, x + 1, n - 1)), a);
        double scale = 1 / (a - beta);
        for (int i = 1; i < n; i++)
            x[i] *= scale;
        return ((beta - a) / beta, beta * largest);
    }
}
