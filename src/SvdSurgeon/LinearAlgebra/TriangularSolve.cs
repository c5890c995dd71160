using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>op(L) X = B with many right-hand sides.</summary>
internal static unsafe class TriangularSolve
{
    public static Matrix Left(Matrix lower, Matrix b, bool transpose)
    {
        int n = b.Rows, columns = b.Columns;
        var x = b.Clone();
        fixed (double* px = x.Data)
            for (int step = 0; step < n; step++)
            {
                int i = transpose ? n - 1 - step : step;
                double* xi = px + (long)i * columns;
                int first = transpose ? i + 1 : 0, last = transpose ? n : i;
                for (int j = first; j < last; j++)
                    Vectors.AddScaled(-(transpose ? lower[j, i] : lower[i, j]), px + (long)j * columns, xi, columns);
                double pivot = lower[i, i];
                if (pivot == 0) throw new NumericalException($"The triangular matrix is singular: its diagonal element {i} is zero.");
                for (int j = 0; j < columns; j++) xi[j] /= pivot;
            }
        return x;
    }
}
