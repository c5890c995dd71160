using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Triangular;

/// <summary>
/// op(L) X = B and X op(L) = B with right-hand sides that are cut into panels and solved with the packed triangle; X may take the place of
/// B.
/// </summary>
internal static unsafe class Substitution
{
    // So many panels a work item that the packed triangle serves several, and that few items suffice for many threads.
    private const int PanelsAnItem = 4;

    /// <summary>op(L) X = B, both size × columns with the same row stride.</summary>
    public static void SolveColumns(
        ThreadTeam team,
        double* l,
        nint strideL,
        bool transpose,
        double* b,
        double* x,
        nint stride,
        int size,
        int columns
    ) => Solve(team, l, strideL, transpose, new Sides(b, x, stride, columns, areRows: false), size);

    /// <summary>op(L) Xᵀ = Bᵀ, both rows × size.</summary>
    public static void SolveRows(
        ThreadTeam team,
        double* l,
        nint strideL,
        bool transpose,
        double* b,
        double* x,
        nint stride,
        int size,
        int rows
    ) => Solve(team, l, strideL, transpose, new Sides(b, x, stride, rows, areRows: true), size);

    private static void Solve(ThreadTeam team, double* l, nint strideL, bool transpose, Sides sides, int size)
    {
        switch (InstructionSets.Active)
        {
            case InstructionSet.Avx512:
                Solve<Avx512Kernel<double>>(team, l, strideL, transpose, sides, size);
                break;
            case InstructionSet.Avx2:
                Solve<Avx2Kernel<double>>(team, l, strideL, transpose, sides, size);
                break;
            default:
                Solve<PortableKernel<double>>(team, l, strideL, transpose, sides, size);
                break;
        }
    }

    private static void Solve<TKernel>(ThreadTeam team, double* l, nint strideL, bool transpose, Sides sides, int size)
        where TKernel : struct, IMicroKernel<double>
    {
        int width = TKernel.Columns,
            panels = (sides.Count + width - 1) / width,
            apart = PackedTriangle<TKernel>.PanelRows(size) * width;
        using var packed = new Workspace((nuint)(PackedTriangle<TKernel>.Numbers(size) * sizeof(double)));
        var triangle = new PackedTriangle<TKernel>(
            l,
            transpose ? 1 : strideL,
            transpose ? strideL : 1,
            backward: transpose,
            size,
            (double*)packed.Pointer
        );
        triangle.Pack(team);
        team.Run(
            (panels + PanelsAnItem - 1) / PanelsAnItem,
            item =>
            {
                using var scratch = new Workspace((nuint)(PanelsAnItem * apart * sizeof(double)));
                double* x = (double*)scratch.Pointer;
                int first = item * PanelsAnItem,
                    count = Math.Min(PanelsAnItem, panels - first);
                for (int p = 0; p < count; p++)
                    sides.Pack((first + p) * width, size, width, x + p * apart);
                triangle.Solve(x, apart, count);
                for (int p = 0; p < count; p++)
                    sides.Unpack((first + p) * width, size, width, x + p * apart);
            }
        );
    }

    /// <summary>The right-hand sides and their solutions: columns of row-major matrices, or rows.</summary>
    private readonly struct Sides(double* b, double* x, nint stride, int count, bool areRows)
    {
        public int Count => count;

        // panel[i, j] is number i of side first + j.
        public void Pack(int first, int size, int width, double* panel)
        {
            int many = Math.Min(width, count - first);
            if (areRows)
                Packing.Transpose(b + first * stride, stride, size, many, width, panel);
            else
                Packing.Copy(b + first, stride, size, many, width, panel);
        }

        public void Unpack(int first, int size, int width, double* panel)
        {
            int many = Math.Min(width, count - first);
            if (areRows)
                Transposition.Transpose(panel, width, many, size, x + first * stride, stride);
            else
                Packing.Copy(panel, width, size, many, x + first, stride);
        }
    }
}
