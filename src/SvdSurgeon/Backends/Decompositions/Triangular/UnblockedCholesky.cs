using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>a = L Lᵀ row by row, for a matrix of a few dozen rows.</summary>
internal static unsafe class UnblockedCholesky
{
    private const int Lanes = 4,
        Width = 4 * Lanes;

    /// <summary>
    /// Lᵀ in place of a's upper triangle, n × n; what lies below it is not used, but overwritten. Rows are <paramref name="stride"/>
    /// numbers
    /// apart, n rounded up to a multiple of 16 or more. False when a pivot is not positive (or not a number).
    /// </summary>
    public static bool TryFactor(double* upper, nint stride, int n)
    {
        for (int i = 0; i < n; i++)
        {
            double* row = upper + i * stride;
            Reduce(upper, stride, row, i, n);
            double pivot = row[i];
            if (!(pivot > 0) || !double.IsFinite(pivot))
                return false;
            double root = Math.Sqrt(pivot);
            row[i] = root;
            for (int j = i + 1; j < n; j++)
                row[j] /= root;
        }
        return true;
    }

    // Row i less u[k, i] times the rows k above it, from column i on; what lies left of it in its vectors is not read again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Reduce(double* upper, nint stride, double* row, int i, int n)
    {
        for (int j = i / Width * Width; j < n; j += Width)
        {
            double* at = row + j,
                above = upper + j,
                factors = upper + i;
            var a = Vector256.Load(at);
            var b = Vector256.Load(at + Lanes);
            var c = Vector256.Load(at + 2 * Lanes);
            var d = Vector256.Load(at + 3 * Lanes);
            for (int k = 0; k < i; k++, above += stride, factors += stride)
            {
                var factor = Vector256.Create(-*factors);
                a = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above), a);
                b = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above + Lanes), b);
                c = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above + 2 * Lanes), c);
                d = Vector256.MultiplyAddEstimate(factor, Vector256.Load(above + 3 * Lanes), d);
            }
            Vector256.Store(a, at);
            Vector256.Store(b, at + Lanes);
            Vector256.Store(c, at + 2 * Lanes);
            Vector256.Store(d, at + 3 * Lanes);
        }
    }
}
