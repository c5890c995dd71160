namespace SvdSurgeon.Pipeline.Options;

/// <summary>What SVD-Surgeon does after the truncation.</summary>
public enum SurgeonMode
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Corrects the kept singular values.</summary>
    Update,

    /// <summary>Chooses which singular values to keep, then corrects them.</summary>
    Select,
}
