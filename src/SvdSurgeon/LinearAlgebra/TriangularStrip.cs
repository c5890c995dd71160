using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>
/// Substitution inside a diagonal block: op(L) X = B in place for a strip of columns of X that is four vectors wide, so that a row of X
/// stays in registers while the rows before it are subtracted.
/// </summary>
internal static unsafe class TriangularStrip
{
    /// <summary>Columns of a strip.</summary>
    public static int Width => 4 * Vector<double>.Count;

    /// <summary>x is height × Width with the given row stride; l is height × height, lower triangular.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Solve(double* l, nint strideL, bool transpose, double* x, nint strideX, int height)
    {
        int w = Vector<double>.Count;
        // op(L) as [row, column] and the order of substitution: forward for L, backward for its transpose.
        nint byRow = transpose ? 1 : strideL, byColumn = transpose ? strideL : 1, step = transpose ? -1 : 1;
        nint first = transpose ? height - 1 : 0;
        for (int done = 0; done < height; done++)
        {
            nint i = first + step * done;
            double* xi = x + i * strideX;
            Vector<double> a = Vector.Load(xi), b = Vector.Load(xi + w), c = Vector.Load(xi + 2 * w), d = Vector.Load(xi + 3 * w);
            double* lij = l + i * byRow + first * byColumn, xj = x + first * strideX;
            for (int j = 0; j < done; j++, lij += step * byColumn, xj += step * strideX)
            {
                var factor = new Vector<double>(-*lij);
                a = Vector.FusedMultiplyAdd(factor, Vector.Load(xj), a);
                b = Vector.FusedMultiplyAdd(factor, Vector.Load(xj + w), b);
                c = Vector.FusedMultiplyAdd(factor, Vector.Load(xj + 2 * w), c);
                d = Vector.FusedMultiplyAdd(factor, Vector.Load(xj + 3 * w), d);
            }
            var pivot = new Vector<double>(l[i * strideL + i]);
            Vector.Store(a / pivot, xi);
            Vector.Store(b / pivot, xi + w);
            Vector.Store(c / pivot, xi + 2 * w);
            Vector.Store(d / pivot, xi + 3 * w);
        }
    }

    /// <summary>The same for the first <paramref name="columns"/> columns of a narrower strip, through scratch of height × Width.</summary>
    public static void SolveNarrow(double* l, nint strideL, bool transpose, double* x, nint strideX, int height, int columns, double* scratch)
    {
        for (int i = 0; i < height; i++)
        {
            new Span<double>(scratch + i * Width, Width).Clear();
            new Span<double>(x + i * strideX, columns).CopyTo(new Span<double>(scratch + i * Width, columns));
        }
        Solve(l, strideL, transpose, scratch, Width, height);
        for (int i = 0; i < height; i++) new Span<double>(scratch + i * Width, columns).CopyTo(new Span<double>(x + i * strideX, columns));
    }

    /// <summary>Rows y ← y L⁻ᵀ, up to Width of them: the strip is their transpose.</summary>
    public static void SolveRows(double* l, nint strideL, double* y, nint strideY, int height, int rows, double* scratch)
    {
        for (int j = 0; j < height; j++)
        {
            double* to = scratch + j * Width;
            for (int r = 0; r < rows; r++) to[r] = y[r * strideY + j];
            new Span<double>(to + rows, Width - rows).Clear();
        }
        Solve(l, strideL, false, scratch, Width, height);
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < height; j++) y[r * strideY + j] = scratch[j * Width + r];
    }
}
