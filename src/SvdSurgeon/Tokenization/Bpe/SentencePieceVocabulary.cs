using System.Text;
using SvdSurgeon.Tokenization.Decoding;

namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>
/// The pieces of a SentencePiece BPE vocabulary: a piece of higher score is made first, from any two parts that are symbols.
/// </summary>
/// <param name="file">The file, for messages.</param>
/// <param name="pieces">Pieces by id.</param>
/// <param name="scores">Score of each piece.</param>
/// <param name="types">Type of each piece.</param>
internal sealed class SentencePieceVocabulary(string file, string[] pieces, float[] scores, PieceType[] types)
{
    public string File => file;

    public string[] Pieces => pieces;

    public float[] Scores => scores;

    public PieceType[] Types => types;

    /// <summary>Id of the first piece of a type, or −1.</summary>
    public int First(PieceType type) => Array.IndexOf(types, type);

    public IEnumerable<int> OfType(PieceType type) => Enumerable.Range(0, pieces.Length).Where(id => types[id] == type);

    /// <summary>Every way to make a piece from two symbols, with the piece's rank: the number of distinct higher scores.</summary>
    /// <remarks>
    /// Whitespace runs all have the score −1e9, so neither ids nor the order in the file give the ranks, and equal ranks are common.
    /// </remarks>
    public IEnumerable<(int Left, int Right, int Rank, int Result)> Merges(IReadOnlyDictionary<string, int> symbols)
    {
        var mergeable = MergeableIds().ToArray();
        var ranks = mergeable
            .Select(id => scores[id])
            .Distinct()
            .OrderDescending()
            .Select((score, rank) => (score, rank))
            .ToDictionary(entry => entry.score, entry => entry.rank);
        var lookup = ((Dictionary<string, int>)symbols).GetAlternateLookup<ReadOnlySpan<char>>();
        var merges = new List<(int, int, int, int)>(mergeable.Length * 2);
        foreach (var id in mergeable)
        {
            var piece = pieces[id];
            for (var cut = 1; cut < piece.Length; cut++)
            {
                if (char.IsLowSurrogate(piece[cut]))
                    continue;
                if (lookup.TryGetValue(piece.AsSpan(0, cut), out var left) && lookup.TryGetValue(piece.AsSpan(cut), out var right))
                    merges.Add((left, right, ranks[scores[id]], id));
            }
        }
        return merges;
    }

    /// <summary>Ids of the pieces that merging makes or starts from.</summary>
    public Dictionary<string, int> Symbols()
    {
        var symbols = new Dictionary<string, int>(pieces.Length);
        foreach (var id in MergeableIds())
            symbols.TryAdd(pieces[id], id);
        return symbols;
    }

    /// <summary>The model that encodes with these pieces.</summary>
    /// <param name="byteFallback">Unknown characters become byte tokens.</param>
    /// <param name="space">The character that stands for a space.</param>
    public CharacterBpe CreateModel(bool byteFallback, char space)
    {
        if (Array.FindIndex(scores, score => !float.IsFinite(score)) is >= 0 and var bad)
            throw new InvalidModelException(
                $"{file}: the score of token {bad} ('{pieces[bad]}') is not a finite number. The file is damaged; fetch it again."
            );
        var byteIds = byteFallback ? ByteIds() : null;
        var unknownId = First(PieceType.Unknown);
        var symbols = Symbols();
        var expanded = new Dictionary<int, int[]>();
        foreach (var rune in MergeableIds().SelectMany(id => pieces[id].EnumerateRunes().ToArray()).Distinct())
        {
            // A character that occurs in longer pieces only is a symbol while merging, and unknown if it is left over.
            var text = rune.ToString();
            var symbol = pieces.Length + expanded.Count;
            if (!symbols.TryAdd(text, symbol))
                continue;
            expanded[symbol] =
                byteIds is not null ? [.. Encoding.UTF8.GetBytes(text).Select(value => byteIds[value])]
                : unknownId >= 0 ? [unknownId]
                : [];
        }
        var merges = Merges(symbols).ToList();
        var table = new MergeTable(merges.Count);
        foreach (var (left, right, rank, result) in merges)
            table.Set(left, right, rank, result);
        ExpandUnused(merges, expanded);
        return new CharacterBpe(
            new CharacterBpeParts
            {
                Merges = table,
                CharacterIds = symbols
                    .Where(entry => entry.Key.Length <= 2 && IsOneCharacter(entry.Key))
                    .ToDictionary(entry => char.ConvertToUtf32(entry.Key, 0), entry => entry.Value),
                ByteIds = byteIds,
                UnknownId = unknownId,
                FuseUnknown = true,
                Space = space,
                Pieces = symbols.Keys,
                Expanded = expanded,
            }
        );
    }

    private static bool IsOneCharacter(string text) => text.Length == 1 || char.IsSurrogatePair(text[0], text[1]);

    private IEnumerable<int> MergeableIds() =>
        Enumerable.Range(0, pieces.Length).Where(id => types[id] is PieceType.Normal or PieceType.Unused && pieces[id].Length > 0);

    private int[] ByteIds()
    {
        var ids = new int[256];
        Array.Fill(ids, -1);
        foreach (var id in OfType(PieceType.Byte))
            if (SentencePieceDecoder.ByteOf(pieces[id]) is >= 0 and var value)
                ids[value] = id;
        var missing = Array.IndexOf(ids, -1);
        return missing < 0
            ? ids
            : throw new InvalidModelException($"{file}: the vocabulary falls back to bytes but has no token <0x{missing:X2}>.");
    }

    // Unused pieces are made on the way to longer ones; one that is left over is given out as the two parts that were made first.
    private void ExpandUnused(List<(int Left, int Right, int Rank, int Result)> merges, Dictionary<int, int[]> expanded)
    {
        if (!types.Contains(PieceType.Unused))
            return;
        var rankOf = merges.GroupBy(merge => merge.Result).ToDictionary(group => group.Key, group => group.First().Rank);
        var parts = merges
            .Where(merge => types[merge.Result] == PieceType.Unused)
            .GroupBy(merge => merge.Result)
            .ToDictionary(
                group => group.Key,
                group => group.MinBy(merge => Math.Max(rankOf.GetValueOrDefault(merge.Left, -1), rankOf.GetValueOrDefault(merge.Right, -1)))
            );
        foreach (var id in parts.Keys)
            expanded[id] = Expand(id);

        int[] Expand(int symbol) =>
            parts.TryGetValue(symbol, out var merge) ? [.. Expand(merge.Left), .. Expand(merge.Right)]
            : expanded.TryGetValue(symbol, out var ids) && symbol >= pieces.Length ? ids
            : [symbol];
    }
}
