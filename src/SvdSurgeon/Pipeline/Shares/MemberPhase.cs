namespace SvdSurgeon.Pipeline.Shares;

/// <summary>How far a worker is.</summary>
internal enum MemberPhase
{
    /// <summary>It works.</summary>
    Working,

    /// <summary>It has come to the end of the recipe.</summary>
    Finished,

    /// <summary>It has given up.</summary>
    Failed,
}
