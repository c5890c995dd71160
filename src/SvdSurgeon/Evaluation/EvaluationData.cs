using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Evaluation;

/// <summary>Reads evaluation data and cuts it into windows (docs/methods.md).</summary>
internal static class EvaluationData
{
    /// <summary>Windows of texts (joined, tokenized once, with the special tokens of a text's start) or of a token file.</summary>
    /// <param name="model">The model that will be evaluated; its tokenizer is read only for texts.</param>
    /// <param name="texts">Text files; empty when <paramref name="tokenFile"/> is given.</param>
    /// <param name="tokenFile">Token ids, [tokens], or [sequences, length] evaluated row by row.</param>
    /// <param name="length">Tokens a window; a shorter row is a window of its own.</param>
    /// <param name="windows">At most this many windows, from the start; null for all.</param>
    /// <exception cref="InvalidInputException">There is no whole window, the window is longer than the model's positions, or a token is
    /// unknown.</exception>
    public static TokenWindows Open(Checkpoint model, IReadOnlyList<string> texts, string? tokenFile, int length, int? windows)
    {
        if (windows is < 1)
            throw new InvalidInputException($"{windows} evaluation windows are too few: at least 1 is needed.");
        int positions = model.Config.MaxPositions;
        string source = tokenFile ?? string.Join(", ", texts);
        TokenWindows result;
        if (tokenFile is not null)
        {
            var file = TokenFile.Read(tokenFile, model.Config.VocabSize);
            result = TokenWindows.FromRows(
                file.Tokens.Span,
                file.Columns,
                file.IsFlat ? length : Math.Min(length, file.Columns),
                windows ?? 0
            );
        }
        else
            result = TokenWindows.FromText(ModelTexts.Tokenizer(model).Encode(ModelTexts.Read(model, texts)), length, windows ?? 0);
        if (result.Length > positions)
            throw new InvalidInputException(
                $"{source}: windows of {result.Length:N0} tokens are longer than the model's {positions:N0} positions. Use --seqlen "
                    + $"{positions} or less."
            );
        return result;
    }
}
