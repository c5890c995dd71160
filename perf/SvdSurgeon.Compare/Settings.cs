namespace SvdSurgeon.Compare;

/// <summary>What is measured, on what, how often.</summary>
internal sealed record Settings
{
    /// <summary>Hugging Face folder or GGUF file; null for a random model.</summary>
    public string? Model { get; init; }

    /// <summary>Token ids [sequences, length]; null with a random model.</summary>
    public string? CalibrationTokens { get; init; }

    /// <summary>Token ids of the evaluation text; null for the calibration's.</summary>
    public string? EvaluationTokens { get; init; }

    /// <summary>The peer's reference.py; null for none.</summary>
    public string? Peer { get; init; }

    /// <summary>The peer's interpreter.</summary>
    public string Python { get; init; } = "python3";

    /// <summary>Variables of the peer's environment.</summary>
    public IReadOnlyDictionary<string, string> PeerEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>The program under test; null for the one that was built beside this.</summary>
    public string? Svdsurgeon { get; init; }

    /// <summary>Threads of both sides.</summary>
    public required int Threads { get; init; }

    /// <summary>Repeats of every measurement.</summary>
    public required int Repeats { get; init; }

    /// <summary>Repeats of the peer with a Fisher a ratio, which takes longest; 0 for none.</summary>
    public required int PerRatioRepeats { get; init; }

    /// <summary>Whitening and Fisher sequences of the end-to-end run.</summary>
    public required int Sequences { get; init; }

    /// <summary>Sequences of a gradient pass, and windows of an evaluation.</summary>
    public required int SpeedSequences { get; init; }

    /// <summary>Compressed models to decode with; empty for one that is made for the purpose.</summary>
    public IReadOnlyList<string> Compressed { get; init; } = [];

    /// <summary>Small sizes.</summary>
    public bool Quick { get; init; }

    /// <summary>Kept fractions of the end-to-end run.</summary>
    public static IReadOnlyList<string> Ratios { get; } = ["0.8", "0.6", "0.4"];
}
