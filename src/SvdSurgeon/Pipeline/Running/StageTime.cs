namespace SvdSurgeon.Pipeline.Running;

/// <summary>What a stage took.</summary>
/// <param name="Name">Stage name.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="PeakMiB">Largest resident set of the process up to the end of the stage, MiB.</param>
/// <param name="Reused">True when the artifacts of an earlier run served.</param>
public sealed record StageTime(string Name, double Seconds, double PeakMiB, bool Reused);
