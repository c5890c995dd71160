namespace SvdSurgeon.Pipeline.Estimates;

/// <summary>What a run should take.</summary>
/// <param name="Stages">Its steps, in order.</param>
/// <param name="MemoryBytes">Peak of the process.</param>
/// <param name="WorkBytes">Disk for the artifacts.</param>
/// <param name="Results">Name and size of the weight files of every result.</param>
internal sealed record RunEstimate(
    IReadOnlyList<StageEstimate> Stages,
    long MemoryBytes,
    long WorkBytes,
    IReadOnlyList<(string Name, long Bytes)> Results
)
{
    /// <summary>Wall time.</summary>
    public double Seconds => Stages.Sum(stage => stage.Seconds);
}
