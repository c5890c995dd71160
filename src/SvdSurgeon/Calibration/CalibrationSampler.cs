using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Calibration;

/// <summary>
/// Draws calibration sequences from a text: the same seed gives the same sequences on every machine (docs/methods.md).
/// </summary>
public static class CalibrationSampler
{
    // Redraws are normal near the end of a text; this many in a row mean that the text cannot serve.
    private const int MaxRedraws = 10_000;

    /// <summary>
    /// For each sequence a uniform random character offset; the 10·<paramref name="sequenceLength"/> characters that follow are tokenized
    /// (with the special tokens that the tokenizer puts in front of a text) and the first <paramref name="sequenceLength"/> tokens kept;
    /// redrawn when there are fewer.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="text">All documents, joined.</param>
    /// <param name="source">What the text is called in an error message.</param>
    /// <param name="sequences">How many sequences.</param>
    /// <param name="sequenceLength">Tokens a sequence.</param>
    /// <param name="seed">Seed of the offsets.</param>
    /// <exception cref="InvalidInputException">The text is too short for one sequence.</exception>
    public static TokenSet Sample(Tokenizer tokenizer, string text, string source, int sequences, int sequenceLength, ulong seed)
    {
        var ids = new int[checked(sequences * sequenceLength)];
        var random = new SplitMix64(seed);
        int span = checked(10 * sequenceLength),
            redraws = 0,
            longest = 0;
        for (int i = 0; i < sequences; )
        {
            int offset = text.Length == 0 ? 0 : (int)random.Below((ulong)text.Length);
            if (offset > 0 && char.IsLowSurrogate(text[offset]))
                offset--;
            var piece = tokenizer.Encode(text.AsSpan(offset, Math.Min(span, text.Length - offset)));
            longest = Math.Max(longest, piece.Length);
            if (piece.Length >= sequenceLength)
            {
                piece.AsSpan(0, sequenceLength).CopyTo(ids.AsSpan(i++ * sequenceLength));
                redraws = 0;
            }
            else if (
                ++redraws == MaxRedraws
                || (text.Length <= 4 * sequenceLength && TooShort(tokenizer, text, sequenceLength, out longest))
            )
                throw new InvalidInputException(
                    $"{source}: the calibration text is too short: {text.Length:N0} characters gave at most {longest:N0} tokens, one "
                        + $"sequence needs {sequenceLength:N0}. Give more text or a smaller --seqlen."
                );
        }
        return new TokenSet(ids, sequences, sequenceLength);
    }

    private static bool TooShort(Tokenizer tokenizer, string text, int sequenceLength, out int tokens)
    {
        tokens = tokenizer.Encode(text).Length;
        return tokens < sequenceLength;
    }
}
