using System.Numerics;
using System.Runtime.CompilerServices;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>
/// Substitution inside a diagonal block: op(L) X = B in place. X is cut into panels as wide as a tile of the product's kernel, which
/// subtracts from a tile of rows what is solved already; only the small triangle beside it is done row by row.
/// </summary>
internal static unsafe class Substitution
{
    /// <summary>All columns of X, size × columns.</summary>
    public static void SolveColumns(ThreadTeam team, double* l, nint strideL, bool transpose, double* x, nint strideX, int size, int columns) =>
        Solve(team, l, strideL, transpose, new Sides(x, strideX, columns, areRows: false), size);

    /// <summary>op(L) Yᵀ = Bᵀ for Y, rows × size.</summary>
    public static void SolveRows(ThreadTeam team, double* l, nint strideL, bool transpose, double* y, nint strideY, int size, int rows) =>
        Solve(team, l, strideL, transpose, new Sides(y, strideY, rows, areRows: true), size);

    private static void Solve(ThreadTeam team, double* l, nint strideL, bool transpose, Sides sides, int size)
    {
        switch (InstructionSets.Active)
        {
            case InstructionSet.Avx512: Block<Avx512Kernel<double>>.Solve(team, l, strideL, transpose, sides, size); break;
            case InstructionSet.Avx2: Block<Avx2Kernel<double>>.Solve(team, l, strideL, transpose, sides, size); break;
            default: Block<PortableKernel<double>>.Solve(team, l, strideL, transpose, sides, size); break;
        }
    }

    /// <summary>The right-hand sides, which become the solution: columns of a row-major matrix, or its rows.</summary>
    private readonly struct Sides(double* data, nint stride, int count, bool areRows)
    {
        public int Count => count;

        // panel[i, j] is number i of side first + j.
        public void Pack(int first, int many, int size, int width, double* panel)
        {
            if (areRows) Packing.Transpose(data + first * stride, stride, size, many, width, panel);
            else Packing.Copy(data + first, stride, size, many, width, panel);
        }

        public void Unpack(int first, int many, int size, int width, double* panel)
        {
            if (areRows) Packing.Transpose(panel, width, many, size, data + first * stride, stride);
            else
                for (int i = 0; i < size; i++) Unsafe.CopyBlockUnaligned(data + i * stride + first, panel + i * width, (uint)(many * sizeof(double)));
        }
    }

    /// <summary>One diagonal block, its rows in groups as high as a tile.</summary>
    private readonly struct Block<TKernel> where TKernel : struct, IMicroKernel<double>
    {
        // So many panels a work item that the triangle's packed rows serve several, and that all of it stays in the caches.
        private const int PanelsAnItem = 4;

        private readonly double* _l, _packed;
        private readonly nint _byRow, _byColumn;
        private readonly bool _backward;
        private readonly int _size;

        private Block(double* l, nint strideL, bool transpose, int size, double* packed)
        {
            _l = l;
            (_byRow, _byColumn) = transpose ? ((nint)1, strideL) : (strideL, 1);
            _backward = transpose;
            _size = size;
            _packed = packed;
        }

        private int Groups => Ceiling(_size, TKernel.Rows);

        public static void Solve(ThreadTeam team, double* l, nint strideL, bool transpose, Sides sides, int size)
        {
            int width = TKernel.Columns, rows = TKernel.Rows, panels = Ceiling(sides.Count, width);
            using var packed = new Workspace((nuint)(Ceiling(size, rows) * rows * size * sizeof(double)));
            var block = new Block<TKernel>(l, strideL, transpose, size, (double*)packed.Pointer);
            block.PackRows();
            // A tile may stick out below.
            int numbers = (size + rows) * width;
            team.Run(Ceiling(panels, PanelsAnItem), item =>
            {
                using var scratch = new Workspace((nuint)(PanelsAnItem * numbers * sizeof(double)));
                int first = item * PanelsAnItem, count = Math.Min(PanelsAnItem, panels - first);
                double* x = (double*)scratch.Pointer;
                for (int p = 0; p < count; p++) sides.Pack((first + p) * width, Math.Min(width, sides.Count - (first + p) * width), size, width, x + p * numbers);
                block.Panels(x, numbers, count);
                for (int p = 0; p < count; p++) sides.Unpack((first + p) * width, Math.Min(width, sides.Count - (first + p) * width), size, width, x + p * numbers);
            });
        }

        // Minus the rows of op(L) left of each group's triangle (right of it, from below, for a transpose), as the kernel reads them.
        private void PackRows()
        {
            for (int group = 0; group < Groups; group++)
            {
                int top = group * TKernel.Rows, high = Math.Min(TKernel.Rows, _size - top);
                var (from, count) = Solved(top, high);
                double* to = _packed + top * _size;
                if (_backward) Packing.Copy(_l + from * _byColumn + top, _byColumn, count, high, TKernel.Rows, to);
                else Packing.Transpose(_l + top * _byRow, _byRow, count, high, TKernel.Rows, to);
                Vectors.Negate(to, count * TKernel.Rows);
            }
        }

        // The rows of X that are known when a group is begun.
        private (int First, int Count) Solved(int top, int high) => _backward ? (top + high, _size - top - high) : (0, top);

        private void Panels(double* x, int numbers, int panels)
        {
            for (int i = 0; i < Groups; i++)
            {
                int top = (_backward ? Groups - 1 - i : i) * TKernel.Rows, high = Math.Min(TKernel.Rows, _size - top);
                var (first, count) = Solved(top, high);
                if (count > 0)
                    for (int p = 0; p < panels; p++)
                    {
                        double* panel = x + p * numbers;
                        TKernel.Multiply(count, _packed + top * _size, panel + first * TKernel.Columns, panel + top * TKernel.Columns, TKernel.Columns, true);
                    }
                // Side by side, since each is one long chain of operations.
                for (int p = 0; p < panels; p++) Triangle(top, high, x + p * numbers + top * TKernel.Columns);
            }
        }

        // x is high × the tile's columns.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Triangle(int top, int high, double* x)
        {
            double* corner = _l + top * _byRow + top * _byColumn;
            for (int done = 0; done < high; done++)
            {
                int i = _backward ? high - 1 - done : done, first = _backward ? i + 1 : 0;
                double* row = corner + i * _byRow;
                var reciprocal = new Vector<double>(1 / row[i * _byColumn]);
                for (int c = 0; c < TKernel.Columns; c += Vector<double>.Count)
                {
                    double* xi = x + i * TKernel.Columns + c, xj = x + first * TKernel.Columns + c;
                    var rest = Vector.Load(xi);
                    for (int j = first; j < first + done; j++, xj += TKernel.Columns) rest = Vector.MultiplyAddEstimate(new Vector<double>(-row[j * _byColumn]), Vector.Load(xj), rest);
                    Vector.Store(rest * reciprocal, xi);
                }
            }
        }

        private static int Ceiling(int a, int b) => (a + b - 1) / b;
    }
}
