using SvdSurgeon.Tokenization.Bpe;
using SvdSurgeon.Tokenization.Files;
using SvdSurgeon.Tokenization.Normalizing;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Export.Gguf;

/// <summary>
/// Scores of a SentencePiece-style vocabulary. Its BPE joins the two neighbours that make the token of the highest score, so a list of
/// merges can be said by scores exactly where all ways to make a token follow each other in the list, and every two tokens that make one
/// are in it.
/// </summary>
internal static class SentencePieceScores
{
    /// <summary>One score per token; null where no scores give the merges of the tokenizer.</summary>
    public static float[]? Of(TokenizerParts parts)
    {
        if (parts.Pieces is { } pieces)
            return Padded(pieces.Scores, parts.Vocabulary.Count);
        var scores = new float[parts.Vocabulary.Count];
        Array.Fill(scores, float.NegativeInfinity);
        int place = 0;
        foreach (int token in parts.Model.Merges.InOrder().Select(merge => merge.Result).Distinct())
            scores[token] = -place++;
        // Tokens that no merge makes are not joined; their score orders nothing.
        for (int id = 0; id < scores.Length; id++)
            if (float.IsNegativeInfinity(scores[id]))
                scores[id] = parts.Vocabulary.IsSpecial(id) ? 0 : -place;
        return GiveTheMerges(parts, scores) ? scores : null;
    }

    /// <summary>
    /// True where a space is put before a text and after special tokens, false where none is; null for a normalizer of another kind.
    /// </summary>
    public static bool? PutsSpaceFirst(TokenizerParts parts) =>
        (parts.Normalizer, parts.Metaspace) switch
        {
            (SentencePieceNormalizer { RemoveExtraSpaces: false, Space: '▁' } spaces, null) => spaces.AddDummyPrefix,
            (
                NormalizerSequence { Normalizers: [PrependNormalizer { Prefix: "▁" }, ReplaceNormalizer { Pattern: " ", Content: "▁" }] },
                null
            ) => true,
            (ReplaceNormalizer { Pattern: " ", Content: "▁" }, null) => false,
            (null, { Space: '▁', Prepend: PrependScheme.Never }) => false,
            (null, { Space: '▁' }) => true,
            _ => null,
        };

    // The merges that the scores give, as this program's own SentencePiece reader finds them, against those of the tokenizer.
    private static bool GiveTheMerges(TokenizerParts parts, float[] scores)
    {
        string[] tokens = [.. Enumerable.Range(0, scores.Length).Select(id => parts.Vocabulary[id] ?? "")];
        var types = tokens.Select(
            (_, id) => parts.Vocabulary.IsSpecial(id) || tokens[id].Length == 0 ? PieceType.Control : PieceType.Normal
        );
        var vocabulary = new SentencePieceVocabulary(parts.File, tokens, scores, [.. types]);
        var found = vocabulary.Merges(vocabulary.Symbols()).Select(merge => (merge.Left, merge.Right, merge.Result)).ToHashSet();
        var listed = parts.Model.Merges.InOrder().ToList();
        var last = new Dictionary<int, int>();
        for (int i = 0; i < listed.Count; i++)
        {
            if (last.TryGetValue(listed[i].Result, out int before) && before != i - 1)
                return false;
            last[listed[i].Result] = i;
        }
        return found.SetEquals(listed);
    }

    private static float[] Padded(float[] scores, int count) => [.. scores, .. new float[count - scores.Length]];
}
