namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>A step of a run that is to come.</summary>
/// <param name="Name">The stage's name, as progress is reported under.</param>
/// <param name="Seconds">What it is estimated to take.</param>
internal readonly record struct ExpectedStage(string Name, double Seconds);
