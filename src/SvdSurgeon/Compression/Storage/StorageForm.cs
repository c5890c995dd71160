namespace SvdSurgeon.Compression.Storage;

/// <summary>How the rank-r matrix W' of a module is stored.</summary>
public enum StorageForm
{
    /// <summary>W' = A·B: r(m + n) numbers.</summary>
    Factored,

    /// <summary>r rows of W' and the mix that gives the others: r(m + n − r) numbers and r row indices, exactly the same matrix.</summary>
    Pivoted,
}
