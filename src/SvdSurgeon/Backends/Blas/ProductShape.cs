namespace SvdSurgeon.Backends.Blas;

/// <summary>Sizes of one product c[m, n] (+)= a[m, k] b[k, n] + bias, and where its result goes.</summary>
internal readonly unsafe struct ProductShape<T>(int m, int n, int k, T* c, nint stride, bool accumulate)
    where T : unmanaged
{
    public int M { get; } = m;
    public int N { get; } = n;
    public int K { get; } = k;
    public T* C { get; } = c;
    public nint Stride { get; } = stride;
    public bool Accumulate { get; } = accumulate;

    /// <summary>Added to every row of c once; null for none.</summary>
    public T* Bias { get; init; }

    /// <summary>
    /// By how much c's first row lies below its first column in a triangular matrix, of which only tiles are computed that touch the lower
    /// triangle: row i up to column i + diagonal, and what lies right of it is undefined; null to compute all of c.
    /// </summary>
    public int? Diagonal { get; init; }
}
