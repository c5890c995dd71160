namespace SvdSurgeon.Pipeline.Sources;

/// <summary>Where evaluation windows come from.</summary>
internal sealed record EvaluationSource
{
    /// <summary>Texts; empty where a token file is given.</summary>
    public IReadOnlyList<SourceFile> Texts { get; init; } = [];

    /// <summary>Token ids, .npy.</summary>
    public SourceFile? Tokens { get; init; }

    /// <summary>Tokens a window; null for the calibration's.</summary>
    public int? Length { get; init; }

    /// <summary>The first windows only; null for all.</summary>
    public int? Windows { get; init; }
}
