namespace SvdSurgeon.Pipeline.Estimates;

/// <summary>What a step of a run should take.</summary>
/// <param name="Name">The stage's name, as progress is reported under.</param>
/// <param name="Seconds">Wall time.</param>
internal readonly record struct StageEstimate(string Name, double Seconds);
