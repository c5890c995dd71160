namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// The inner loop of a product: a tile of Rows × Columns sums that live in registers while k runs. a is packed [k][Rows], b [k][Columns];
/// c is row-major. The narrow form computes the left half of the columns alone (b keeps its full width) for the last panel.
/// Implementations write every tile and vector width out: sums that a loop, an array or a method in between holds do not stay in registers.
/// </summary>
internal unsafe interface IMicroKernel<T>
    where T : unmanaged
{
    /// <summary>Height of the tile.</summary>
    static abstract int Rows { get; }

    /// <summary>Width of the tile, two vectors.</summary>
    static abstract int Columns { get; }

    /// <summary>c (+)= Σ_p a[p] b[p]ᵀ.</summary>
    static abstract void Multiply(int k, T* a, T* b, T* c, nint ldc, bool accumulate);

    /// <summary>The same for the left half of the columns.</summary>
    static abstract void MultiplyNarrow(int k, T* a, T* b, T* c, nint ldc, bool accumulate);

    /// <summary>Height of the tile of <see cref="SubtractPanels"/>, a divisor of Columns.</summary>
    static abstract int PanelTileRows { get; }

    /// <summary>
    /// c −= Σ_p a[p] b[p]ᵀ, PanelTileRows × Columns, where a and c too lie in panels [..][Columns], a from any multiple of PanelTileRows
    /// on.
    /// </summary>
    static abstract void SubtractPanels(int k, T* a, T* b, T* c);
}
