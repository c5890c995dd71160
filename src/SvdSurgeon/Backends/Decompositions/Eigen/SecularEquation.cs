using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>
/// Roots of 1 + ρ Σ_j z_j² / (d_j − λ) with ascending distinct d and ρ &gt; 0: root i lies between d_i and d_{i+1}. The unknown is measured
/// from the nearer pole, so that the differences d_j − λ keep full relative accuracy; orthogonal eigenvectors depend on it.
/// </summary>
internal static unsafe class SecularEquation
{
    private const int MaxIterations = 100;
    private const double Epsilon = 2.2e-16;

    /// <summary>Finds root i of k; differences[j] = d_j − λ_i on return. |z|² = <paramref name="squaredNorm"/>.</summary>
    public static double Solve(int i, int k, double* d, double* z, double rho, double squaredNorm, double* differences)
    {
        bool last = i == k - 1;
        double gap = last ? rho * squaredNorm : d[i + 1] - d[i];
        int origin = i;
        double low = 0,
            high = gap;
        for (int j = 0; j < k; j++)
            differences[j] = d[j] - d[i];
        var middle = Evaluate(i, k, differences, z, rho, gap / 2);
        if (!last && middle.Value <= 0)
        {
            // The root is nearer to the upper pole: measure from there.
            origin = i + 1;
            for (int j = 0; j < k; j++)
                differences[j] = d[j] - d[origin];
            (low, high) = (-gap / 2, 0);
        }
        else if (last && middle.Value <= 0)
            low = gap / 2;
        else
            high = gap / 2;
        double tau = (low + high) / 2;
        for (int iteration = 0; iteration < MaxIterations; iteration++)
        {
            var f = Evaluate(i, k, differences, z, rho, tau);
            if (Math.Abs(f.Value) <= Epsilon * f.Scale)
                break;
            if (f.Value < 0)
                low = Math.Max(low, tau);
            else
                high = Math.Min(high, tau);
            double step = last ? OnePole(f, differences[i] - tau) : TwoPoles(f, differences[i] - tau, differences[i + 1] - tau);
            // f increases between the poles, so the step must go against its sign.
            if (!(step * f.Value < 0))
                step = -f.Value / (f.Left + f.Right);
            double next = tau + step;
            if (!(next > low && next < high))
                next = (low + high) / 2;
            if (next == tau || next <= low || next >= high)
                break;
            tau = next;
        }
        for (int j = 0; j < k; j++)
            differences[j] -= tau;
        return d[origin] + tau;
    }

    // Interpolates by c + s / (d_i − λ) + t / (d_{i+1} − λ) ("the middle way").
    private static double TwoPoles(in Evaluation f, double lower, double upper)
    {
        double c = f.Value - lower * f.Left - upper * f.Right;
        double a = (lower + upper) * f.Value - lower * upper * (f.Left + f.Right);
        double b = lower * upper * f.Value;
        if (c == 0)
            return b / a;
        double root = Math.Sqrt(Math.Abs(a * a - 4 * b * c));
        return a <= 0 ? (a - root) / (2 * c) : 2 * b / (a + root);
    }

    // c + s / (d_i − λ), for the root above all poles.
    private static double OnePole(in Evaluation f, double difference)
    {
        double s = f.Left * difference * difference,
            c = f.Value - f.Left * difference;
        return difference + s / c;
    }

    // Sums over the poles up to i and above it, with derivatives.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Evaluation Evaluate(int i, int k, double* differences, double* z, double rho, double tau)
    {
        Sum(0, i + 1, differences, z, tau, out double psi, out double psiSlope);
        Sum(i + 1, k, differences, z, tau, out double phi, out double phiSlope);
        // The terms left of the root are negative, those right of it positive; the scale bounds the rounding error of the sum.
        double value = 1 + rho * (psi + phi);
        double scale = 8 * (1 + rho * (phi - psi)) + rho * Math.Abs(tau) * (psiSlope + phiSlope);
        return new Evaluation(value, rho * psiSlope, rho * phiSlope, scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum(int first, int last, double* differences, double* z, double tau, out double sum, out double slope)
    {
        var vt = new Vector<double>(tau);
        Vector<double> s = default,
            p = default;
        int j = first;
        for (; j <= last - Vector<double>.Count; j += Vector<double>.Count)
        {
            var zj = Vector.Load(z + j);
            var ratio = zj / (Vector.Load(differences + j) - vt);
            s = Vector.FusedMultiplyAdd(zj, ratio, s);
            p = Vector.FusedMultiplyAdd(ratio, ratio, p);
        }
        sum = Vector.Sum(s);
        slope = Vector.Sum(p);
        for (; j < last; j++)
        {
            double ratio = z[j] / (differences[j] - tau);
            sum += z[j] * ratio;
            slope += ratio * ratio;
        }
    }

    private readonly record struct Evaluation(double Value, double Left, double Right, double Scale);
}
