using System.Numerics;
using System.Runtime.CompilerServices;
using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>
/// op(L) X = B row by row, for as many right-hand sides as a tile of the product's kernel is wide and about as many rows as it is high.
/// </summary>
internal static unsafe class TileSubstitution
{
    /// <summary>Solves in place; the caller has seen to it that no number on the diagonal is zero.</summary>
    /// <param name="l">op(L)[0, 0].</param>
    /// <param name="byRow">From a row of op(L) to the next.</param>
    /// <param name="byColumn">From a column to the next.</param>
    /// <param name="backward">op(L) is an upper triangle.</param>
    /// <param name="rows">Rows and columns of op(L).</param>
    /// <param name="x">B, rows × the tile's columns, which X replaces.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Solve<TKernel>(double* l, nint byRow, nint byColumn, bool backward, int rows, double* x)
        where TKernel : struct, IMicroKernel<double>
    {
        for (int done = 0; done < rows; done++)
        {
            int i = backward ? rows - 1 - done : done,
                first = backward ? i + 1 : 0;
            double* row = l + i * byRow;
            var reciprocal = new Vector<double>(1 / row[i * byColumn]);
            double* xi = x + i * TKernel.Columns,
                factors = row + first * byColumn,
                solved = x + first * TKernel.Columns;
            if (TKernel.Columns == 4 * Vector<double>.Count)
                FourVectors<TKernel>(factors, byColumn, done, solved, reciprocal, xi);
            else
                for (int c = 0; c < TKernel.Columns; c += Vector<double>.Count)
                    OneVector<TKernel>(factors, byColumn, done, solved + c, reciprocal, xi + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OneVector<TKernel>(double* factors, nint byColumn, int count, double* solved, Vector<double> reciprocal, double* x)
        where TKernel : struct, IMicroKernel<double>
    {
        var rest = Vector.Load(x);
        for (int j = 0; j < count; j++, solved += TKernel.Columns)
            rest = Vector.MultiplyAddEstimate(new Vector<double>(-factors[j * byColumn]), Vector.Load(solved), rest);
        Vector.Store(rest * reciprocal, x);
    }

    // A factor is read once for all columns of a tile, and four chains of additions run side by side.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourVectors<TKernel>(
        double* factors,
        nint byColumn,
        int count,
        double* solved,
        Vector<double> reciprocal,
        double* x
    )
        where TKernel : struct, IMicroKernel<double>
    {
        int width = Vector<double>.Count;
        Vector<double> a = Vector.Load(x),
            b = Vector.Load(x + width),
            c = Vector.Load(x + 2 * width),
            d = Vector.Load(x + 3 * width);
        for (int j = 0; j < count; j++, solved += TKernel.Columns)
        {
            var factor = new Vector<double>(-factors[j * byColumn]);
            a = Vector.MultiplyAddEstimate(factor, Vector.Load(solved), a);
            b = Vector.MultiplyAddEstimate(factor, Vector.Load(solved + width), b);
            c = Vector.MultiplyAddEstimate(factor, Vector.Load(solved + 2 * width), c);
            d = Vector.MultiplyAddEstimate(factor, Vector.Load(solved + 3 * width), d);
        }
        Vector.Store(a * reciprocal, x);
        Vector.Store(b * reciprocal, x + width);
        Vector.Store(c * reciprocal, x + 2 * width);
        Vector.Store(d * reciprocal, x + 3 * width);
    }
}
