using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>
/// Substitution inside a diagonal block: op(L) X = B in place for a strip of columns of X that is four vectors wide, so that a row of X
/// stays in registers while the rows before it are subtracted.
/// </summary>
internal static unsafe class TriangularStrip
{
    private const int Lanes = 8, Width = 4 * Lanes, StripsAnItem = 2;

    /// <summary>All columns of X, size × columns; strips of them are independent.</summary>
    public static void SolveColumns(ThreadTeam team, double* l, nint strideL, bool transpose, double* x, nint strideX, int size, int columns) =>
        ForStrips(team, size, columns, (strip, scratch) =>
        {
            double* part = x + (nint)strip * Width;
            int wide = Math.Min(Width, columns - strip * Width);
            if (wide == Width)
            {
                Solve(l, strideL, transpose, part, strideX, size);
                return;
            }
            for (int i = 0; i < size; i++)
            {
                new Span<double>((double*)scratch + i * Width, Width).Clear();
                new Span<double>(part + i * strideX, wide).CopyTo(new Span<double>((double*)scratch + i * Width, wide));
            }
            Solve(l, strideL, transpose, (double*)scratch, Width, size);
            for (int i = 0; i < size; i++) new Span<double>((double*)scratch + i * Width, wide).CopyTo(new Span<double>(part + i * strideX, wide));
        });

    /// <summary>op(L) Yᵀ = Bᵀ for Y, rows × size: a strip is the transpose of some rows.</summary>
    public static void SolveRows(ThreadTeam team, double* l, nint strideL, bool transpose, double* y, nint strideY, int size, int rows) =>
        ForStrips(team, size, rows, (strip, scratch) =>
        {
            double* part = y + (nint)strip * Width * strideY, columns = (double*)scratch;
            int high = Math.Min(Width, rows - strip * Width);
            for (int j = 0; j < size; j++)
            {
                for (int r = 0; r < high; r++) columns[j * Width + r] = part[r * strideY + j];
                new Span<double>(columns + j * Width + high, Width - high).Clear();
            }
            Solve(l, strideL, transpose, columns, Width, size);
            for (int r = 0; r < high; r++)
                for (int j = 0; j < size; j++) part[r * strideY + j] = columns[j * Width + r];
        });

    private static void ForStrips(ThreadTeam team, int size, int sides, Action<int, nint> body)
    {
        int strips = (sides + Width - 1) / Width;
        team.Run((strips + StripsAnItem - 1) / StripsAnItem, item =>
        {
            using var scratch = new Workspace((nuint)(size * Width * sizeof(double)));
            for (int strip = item * StripsAnItem; strip < Math.Min(strips, (item + 1) * StripsAnItem); strip++) body(strip, (nint)scratch.Pointer);
        });
    }

    // x is size × Width with the given row stride; l is size × size, lower triangular.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Solve(double* l, nint strideL, bool transpose, double* x, nint strideX, int size)
    {
        // op(L) as [row, column] and the order of substitution: forward for L, backward for its transpose.
        nint byRow = transpose ? 1 : strideL, byColumn = transpose ? strideL : 1, step = transpose ? -1 : 1;
        nint first = transpose ? size - 1 : 0;
        for (int done = 0; done < size; done++)
        {
            nint i = first + step * done;
            double* xi = x + i * strideX;
            Vector512<double> a = Vector512.Load(xi), b = Vector512.Load(xi + Lanes), c = Vector512.Load(xi + 2 * Lanes), d = Vector512.Load(xi + 3 * Lanes);
            double* lij = l + i * byRow + first * byColumn, xj = x + first * strideX;
            for (int j = 0; j < done; j++, lij += step * byColumn, xj += step * strideX)
            {
                var factor = Vector512.Create(-*lij);
                a = Vector512.FusedMultiplyAdd(factor, Vector512.Load(xj), a);
                b = Vector512.FusedMultiplyAdd(factor, Vector512.Load(xj + Lanes), b);
                c = Vector512.FusedMultiplyAdd(factor, Vector512.Load(xj + 2 * Lanes), c);
                d = Vector512.FusedMultiplyAdd(factor, Vector512.Load(xj + 3 * Lanes), d);
            }
            var pivot = Vector512.Create(l[i * strideL + i]);
            Vector512.Store(a / pivot, xi);
            Vector512.Store(b / pivot, xi + Lanes);
            Vector512.Store(c / pivot, xi + 2 * Lanes);
            Vector512.Store(d / pivot, xi + 3 * Lanes);
        }
    }
}
