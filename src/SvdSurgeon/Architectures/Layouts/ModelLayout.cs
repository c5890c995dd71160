namespace SvdSurgeon.Architectures.Layouts;

/// <summary>What stands around the layers of a decoder.</summary>
internal sealed record ModelLayout
{
    /// <summary>
    /// The table of words: words × width, width that of the residual stream unless <see cref="ProjectIn"/> says otherwise.
    /// </summary>
    public required LinearLayout Embedding { get; init; }

    /// <summary>Factor of the embeddings.</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>Factor of the logits.</summary>
    public float LogitScale { get; init; } = 1;

    /// <summary>Logits z become cap · tanh(z / cap); 0 for no cap.</summary>
    public float LogitSoftCap { get; init; }

    /// <summary>Tensor of the learned positions; null where there are none.</summary>
    public string? Positions { get; init; }

    /// <summary>Rows of the table of positions before the first position.</summary>
    public int PositionOffset { get; init; }

    /// <summary>From the width of the embedding to that of the residual stream; null where they are equal.</summary>
    public LinearLayout? ProjectIn { get; init; }

    /// <summary>Back to the width of the embedding.</summary>
    public LinearLayout? ProjectOut { get; init; }

    /// <summary>The norm after the last layer; null where there is none.</summary>
    public NormLayout? FinalNorm { get; init; }
}
