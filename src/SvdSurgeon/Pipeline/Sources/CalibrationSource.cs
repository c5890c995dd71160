namespace SvdSurgeon.Pipeline.Sources;

/// <summary>
/// Where calibration sequences come from: texts to sample, or a token file. Neither for tokens that a program made in memory.
/// </summary>
internal sealed record CalibrationSource
{
    /// <summary>Texts; empty where a token file is given.</summary>
    public IReadOnlyList<SourceFile> Texts { get; init; } = [];

    /// <summary>Token ids, .npy.</summary>
    public SourceFile? Tokens { get; init; }

    /// <summary>Tokens a sequence; null for the token file's, else 2048 or the model's positions where they are fewer.</summary>
    public int? Length { get; init; }

    /// <summary>Seed of the sampling from texts.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Hash of all the sequences together (<see cref="Calibration.TokenSet.Hash"/>): tells whether a tokenizer still gives the same ids.
    /// </summary>
    public string? TokenHash { get; init; }
}
