using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>A symmetric matrix as its lower triangle, row by row: n(n+1)/2 numbers. How Gram matrices are kept in files.</summary>
internal static class PackedSymmetric
{
    /// <summary>Numbers of a matrix of size <paramref name="n"/>.</summary>
    public static long Length(int n) => (long)n * (n + 1) / 2;

    /// <summary>The lower triangle of <paramref name="full"/>.</summary>
    public static double[] Pack(Matrix full)
    {
        var packed = new double[Length(full.Rows)];
        for (int i = 0, at = 0; i < full.Rows; at += ++i)
            full.Row(i)[..(i + 1)].CopyTo(packed.AsSpan(at));
        return packed;
    }

    /// <summary>The full matrix of size <paramref name="n"/>.</summary>
    public static Matrix Unpack(ReadOnlySpan<double> packed, int n)
    {
        // A block at a time, so that the lines of the upper triangle are written while they are in a cache.
        const int block = 32;
        var full = UnpackLower(packed, n);
        for (int top = 0; top < n; top += block)
        for (int left = 0; left <= top; left += block)
        for (int i = top; i < Math.Min(top + block, n); i++)
        for (int j = left; j < Math.Min(left + block, i); j++)
            full[j, i] = full[i, j];
        return full;
    }

    /// <summary>The lower triangle of size <paramref name="n"/> with zeros above it: a Cholesky factor.</summary>
    public static Matrix UnpackLower(ReadOnlySpan<double> packed, int n)
    {
        var lower = new Matrix(n, n);
        for (int i = 0, at = 0; i < n; at += ++i)
            packed.Slice(at, i + 1).CopyTo(lower.Row(i));
        return lower;
    }
}
