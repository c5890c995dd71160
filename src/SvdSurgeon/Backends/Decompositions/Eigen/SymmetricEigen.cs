using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>Symmetric eigen-decomposition: reduction to tridiagonal form, divide and conquer, transformation back.</summary>
internal static class SymmetricEigen
{
    /// <summary>Eigenvalues, descending, and eigenvectors in the rows. Reads the lower triangle only.</summary>
    public static (double[] Values, Matrix Rows) Decompose(ThreadTeam team, Matrix a)
    {
        int n = a.Rows;
        var form = Reduce(team, a, out double unit);
        var rows = TridiagonalEigen.Decompose(team, form.Diagonal, form.OffDiagonal);
        form.TransformBack(team, rows);
        // Divide and conquer leaves ascending values.
        var values = form.Diagonal;
        for (int i = 0; i < n; i++)
            values[i] *= unit;
        Array.Reverse(values);
        var swap = new double[n];
        for (int i = 0; i < n / 2; i++)
        {
            rows.Row(i).CopyTo(swap);
            rows.Row(n - 1 - i).CopyTo(rows.Row(i));
            swap.CopyTo(rows.Row(n - 1 - i));
        }
        return (values, rows);
    }

    /// <summary>Eigenvalues alone, descending. Reads the lower triangle only.</summary>
    public static double[] Values(ThreadTeam team, Matrix a)
    {
        var form = Reduce(team, a, out double unit);
        var values = form.Diagonal;
        ImplicitQl.Values(values, form.OffDiagonal);
        Array.Reverse(values);
        for (int i = 0; i < values.Length; i++)
            values[i] *= unit;
        return values;
    }

    // A power of two changes no digit and keeps squares in range.
    private static Tridiagonalization Reduce(ThreadTeam team, Matrix a, out double unit)
    {
        double largest = a.LargestOfLower("eigen-decomposition");
        unit = largest == 0 ? 1 : Math.ScaleB(1, Math.ILogB(largest));
        return Tridiagonalization.Reduce(team, a, 1 / unit);
    }
}
