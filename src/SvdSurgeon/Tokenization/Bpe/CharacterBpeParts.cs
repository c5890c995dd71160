namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>What <see cref="CharacterBpe"/> is made of.</summary>
internal sealed record CharacterBpeParts
{
    /// <summary>The merges; symbols are ids, or numbers beyond the ids for characters that occur only inside tokens.</summary>
    public required MergeTable Merges { get; init; }

    /// <summary>Symbol of every character that has one.</summary>
    public required IReadOnlyDictionary<int, int> CharacterIds { get; init; }

    /// <summary>Id of each byte's token, or null without byte fallback.</summary>
    public required int[]? ByteIds { get; init; }

    /// <summary>Id of the unknown token, or −1: unknown characters are dropped.</summary>
    public required int UnknownId { get; init; }

    /// <summary>Neighbouring unknown characters become one unknown token.</summary>
    public required bool FuseUnknown { get; init; }

    /// <summary>The character that stands for a space, mostly ▁.</summary>
    public required char Space { get; init; }

    /// <summary>Everything that merging can make.</summary>
    public required IEnumerable<string> Pieces { get; init; }

    /// <summary>Symbols that are no ids to give out, with the ids to give instead.</summary>
    public IReadOnlyDictionary<int, int[]> Expanded { get; init; } = new Dictionary<int, int[]>();
}
