namespace SvdSurgeon.Architectures;

/// <summary>The many names that files give to the parameters of one family, brought to one: Hugging Face's.</summary>
/// <param name="Prefix">What stands before every canonical name but the head's, such as "model.".</param>
/// <param name="Parts">What may follow the prefix: "layers", "norm" and so on.</param>
internal sealed record TensorNames(string Prefix, IReadOnlyCollection<string> Parts)
{
    /// <summary>Prefixes that files use instead. The first that fits is taken; a file of the bare decoder has none at all.</summary>
    public IReadOnlyList<string> OtherPrefixes { get; init; } = [];

    /// <summary>The head's module.</summary>
    public string Head { get; init; } = "lm_head";

    /// <summary>Tensors under canonical names that say nothing that the configuration does not.</summary>
    public IReadOnlyCollection<string> Redundant { get; init; } = [];

    /// <summary>The canonical name; names that are not known stay as they are.</summary>
    public string Canonical(string name)
    {
        if (name.StartsWith(Head + ".", StringComparison.Ordinal))
            return name;
        string bare = name;
        foreach (string prefix in OtherPrefixes.Prepend(Prefix))
        {
            if (!name.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            bare = name[prefix.Length..];
            break;
        }
        return Parts.Contains(bare.Split('.', 2)[0]) ? Prefix + bare : name;
    }

    /// <summary>True for a canonical name that carries no information: rotary tables, attention masks.</summary>
    public bool IsRedundant(string name) =>
        name.Contains(".rotary_emb.", StringComparison.Ordinal)
        || name.EndsWith(".masked_bias", StringComparison.Ordinal)
        || name.EndsWith(".attn.bias", StringComparison.Ordinal)
        || name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || Redundant.Contains(name);
}
