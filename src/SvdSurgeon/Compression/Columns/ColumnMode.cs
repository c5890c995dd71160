namespace SvdSurgeon.Compression.Columns;

/// <summary>What is done with the kept columns.</summary>
public enum ColumnMode
{
    /// <summary>They stay W's own (Duo-SVD).</summary>
    Preserve,

    /// <summary>They are fitted anew to what the low-rank part leaves over: never worse at the same size.</summary>
    Refit,
}
