namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>Builds BPE models from a vocabulary of strings and a list of merges in order of rank.</summary>
internal static class BpeModelBuilder
{
    /// <summary>Reads one line of merges: two tokens with a space between.</summary>
    public static (string Left, string Right) ParseMerge(string line, string file)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || space == line.Length - 1 || line.IndexOf(' ', space + 1) >= 0)
            throw new InvalidModelException($"{file}: the merge '{line}' is not two tokens with a space between.");
        return (line[..space], line[(space + 1)..]);
    }

    /// <summary>The merges by id.</summary>
    /// <exception cref="InvalidModelException">A merge names or makes a token that the vocabulary lacks.</exception>
    public static MergeTable Merges(Dictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> merges, string file)
    {
        var table = new MergeTable(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            table.Set(Id(left), Id(right), rank, Id(left + right));

            int Id(string token) =>
                ids.TryGetValue(token, out var id)
                    ? id
                    : throw new InvalidModelException(
                        $"{file}: merge {rank} ('{left} {right}') needs the token '{token}', which is not in the vocabulary. The files "
                            + $"do not belong together."
                    );
        }
        return table;
    }

    /// <summary>Byte-level BPE.</summary>
    /// <param name="ids">Ids by token, in the byte alphabet.</param>
    /// <param name="merges">The merges by id.</param>
    /// <param name="unknownId">Id for bytes that are no tokens, or −1 to drop them.</param>
    /// <param name="ignoreMerges">A word that is a token is taken whole.</param>
    public static ByteLevelBpe ByteLevel(Dictionary<string, int> ids, MergeTable merges, int unknownId, bool ignoreMerges)
    {
        var byteIds = new int[256];
        for (var value = 0; value < 256; value++)
            byteIds[value] = ids.TryGetValue(ByteAlphabet.CharacterOf((byte)value).ToString(), out var id) ? id : unknownId;
        return new ByteLevelBpe(byteIds, merges, ignoreMerges ? ids : null);
    }

    /// <summary>BPE of characters.</summary>
    /// <param name="ids">Ids by token.</param>
    /// <param name="merges">The merges by id.</param>
    /// <param name="unknownId">Id of the unknown token, or −1.</param>
    /// <param name="fuseUnknown">Neighbouring unknown characters become one token.</param>
    /// <param name="byteFallback">Unknown characters become byte tokens.</param>
    /// <param name="file">For messages.</param>
    public static CharacterBpe Characters(
        Dictionary<string, int> ids,
        MergeTable merges,
        int unknownId,
        bool fuseUnknown,
        bool byteFallback,
        string file
    )
    {
        return new CharacterBpe(
            new CharacterBpeParts
            {
                Merges = merges,
                CharacterIds = ids.Where(entry =>
                        entry.Key.Length == 1 || (entry.Key.Length == 2 && char.IsSurrogatePair(entry.Key[0], entry.Key[1]))
                    )
                    .ToDictionary(entry => char.ConvertToUtf32(entry.Key, 0), entry => entry.Value),
                ByteIds = byteFallback ? [.. Enumerable.Range(0, 256).Select(ByteToken)] : null,
                UnknownId = unknownId,
                FuseUnknown = fuseUnknown,
                Space = ids.Keys.Any(token => token.Contains('▁')) ? '▁' : ' ',
                Pieces = ids.Keys,
            }
        );

        int ByteToken(int value) =>
            ids.TryGetValue($"<0x{value:X2}>", out var id)
                ? id
                : throw new InvalidModelException($"{file}: the vocabulary falls back to bytes but has no token <0x{value:X2}>.");
    }
}
