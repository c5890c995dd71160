namespace SvdSurgeon.Architectures;

/// <summary>How rotary frequencies are stretched beyond the trained length.</summary>
/// <param name="Type">"none", "linear" or "llama3".</param>
/// <param name="Factor">Stretch.</param>
/// <param name="LowFrequencyFactor">llama3 only.</param>
/// <param name="HighFrequencyFactor">llama3 only.</param>
/// <param name="OriginalMaxPositions">llama3 only.</param>
internal sealed record RopeScaling(
    string Type,
    double Factor = 1,
    double LowFrequencyFactor = 1,
    double HighFrequencyFactor = 4,
    int OriginalMaxPositions = 8192
)
{
    /// <summary>Unscaled.</summary>
    public static readonly RopeScaling None = new("none");
}
