namespace SvdSurgeon.Export;

/// <summary>What an export is asked for; a format refuses what it does not have.</summary>
public sealed record ExportOptions
{
    /// <summary>Storage type of the matrices, one of the format's words; null: each tensor in the type that it is stored in.</summary>
    public string? Type { get; init; }

    /// <summary>Other types for some tensors; the last rule that matches a tensor decides.</summary>
    internal IReadOnlyList<TensorTypeRule> TensorTypes { get; init; } = [];

    /// <summary>Factors are kept in an adapter beside a base instead of being merged (gguf).</summary>
    public bool Adapter { get; init; }

    /// <summary>Factors are multiplied out where the format could keep them (hf).</summary>
    public bool Merge { get; init; }

    /// <summary>The tokenizer is left out: the result runs on token ids alone.</summary>
    public bool WithoutTokenizer { get; init; }

    /// <summary>Threads for rounding and writing; results do not depend on it. 0: one per processor.</summary>
    public int Threads { get; init; }
}
