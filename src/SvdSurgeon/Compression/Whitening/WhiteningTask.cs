using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Whitening;

/// <summary>One module to decompose: S_gᵀ W S_x = U Σ Vᵀ.</summary>
/// <param name="Weight">W, m × n.</param>
/// <param name="Input">S_x; null for the identity.</param>
/// <param name="Output">S_g; null for the identity.</param>
/// <param name="MaxComponents">Components that get vectors.</param>
internal sealed record WhiteningTask(Matrix Weight, WhiteningFactor? Input, WhiteningFactor? Output, int MaxComponents)
{
    /// <summary>True where <see cref="Weight"/> is S_gᵀ W S_x already.</summary>
    public bool IsWhitened { get; init; }

    private int Rows => Output?.Size ?? Weight.Rows;

    private int Columns => Input?.Size ?? Weight.Columns;

    /// <summary>S_gᵀ W S_x.</summary>
    internal Matrix Whiten()
    {
        FiniteNumbers.Require(Weight, "The weight matrix");
        if (IsWhitened)
            return Weight;
        var rows = Output is null ? Weight : Output.WhitenRows(Weight);
        return Input is null ? rows : Input.Whiten(rows);
    }

    /// <summary>left = S_g⁻ᵀ U, right = Vᵀ S_x⁻¹; zeros where there was nothing to decompose.</summary>
    internal SpectralFactors Unwhiten(SvdResult? svd)
    {
        int all = Math.Min(Rows, Columns),
            kept = Math.Min(all, MaxComponents);
        if (svd is null)
            return new SpectralFactors(new Matrix(Rows, kept), new double[all], new Matrix(kept, Columns));
        var (u, values, vt) = svd;
        var sigma = new double[all];
        values.AsSpan(0, Math.Min(all, values.Length)).CopyTo(sigma);
        FiniteNumbers.Require(sigma, "The singular values");

        int found = Math.Min(kept, values.Length);
        var left = u.ColumnRange(0, found);
        var right = vt.RowRange(0, found);
        if (Output is not null)
            left = Output.UnwhitenRows(left);
        if (Input is not null)
            right = Input.Unwhiten(right);
        return found == kept
            ? new SpectralFactors(left, sigma, right)
            : new SpectralFactors(PadColumns(left, kept), sigma, PadRows(right, kept));
    }

    private static Matrix PadColumns(Matrix a, int columns)
    {
        var padded = new Matrix(a.Rows, columns);
        for (int i = 0; i < a.Rows; i++)
            a.Row(i).CopyTo(padded.Row(i));
        return padded;
    }

    private static Matrix PadRows(Matrix a, int rows)
    {
        var padded = new Matrix(rows, a.Columns);
        a.Data.CopyTo(padded.Data, 0);
        return padded;
    }
}
