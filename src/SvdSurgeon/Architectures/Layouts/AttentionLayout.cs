namespace SvdSurgeon.Architectures.Layouts;

/// <summary>Causal attention: softmax(scale · q kᵀ) v.</summary>
/// <param name="Inputs">Gives q, k and v.</param>
/// <param name="Output">Reads what the heads give.</param>
internal sealed record AttentionLayout(ProjectionLayout Inputs, LinearLayout Output) : BlockLayout(Inputs, Output)
{
    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Norm of the queries, of every head by itself or over all of them: its width says which. Null for none.</summary>
    public NormLayout? QueryNorm { get; init; }

    /// <summary>Norm of the keys.</summary>
    public NormLayout? KeyNorm { get; init; }

    /// <summary>Rotary positions; null for none.</summary>
    public RotaryLayout? Rotary { get; init; }

    /// <summary>Factor of the scores; 0 for 1/√<see cref="HeadDim"/>.</summary>
    public float Scale { get; init; }

    /// <summary>Scores s become cap · tanh(s / cap); 0 for no cap.</summary>
    public float SoftCap { get; init; }

    /// <summary>A query sees the last so many keys; 0 for all.</summary>
    public int Window { get; init; }
}
