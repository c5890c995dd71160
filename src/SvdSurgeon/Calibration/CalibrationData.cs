using SvdSurgeon.Formats;

namespace SvdSurgeon.Calibration;

/// <summary>Reads calibration data: sequences sampled from texts, or the rows of a token file (docs/methods.md).</summary>
internal static class CalibrationData
{
    /// <summary>Calibration sequences for a model.</summary>
    /// <param name="model">The model that will be compressed; its tokenizer is read only for texts.</param>
    /// <param name="texts">Text files; empty when <paramref name="tokenFile"/> is given.</param>
    /// <param name="tokenFile">Token ids, [sequences, length], or [tokens] to be cut into sequences.</param>
    /// <param name="sequences">How many; a token file with fewer gives all that it has.</param>
    /// <param name="length">Tokens a sequence; null for the token file's, else the model's (<see cref="DefaultWindow"/>).</param>
    /// <param name="seed">Seed of the sampling from texts.</param>
    /// <exception cref="InvalidInputException">There is no data, or it does not serve for this model and length.</exception>
    public static TokenSet Open(Checkpoint model, IReadOnlyList<string> texts, string? tokenFile, int sequences, int? length, ulong seed)
    {
        int positions = model.Config.MaxPositions;
        if (tokenFile is not null)
        {
            if (texts.Count > 0)
                throw new InvalidInputException("--calibration and --calibration-tokens exclude each other.");
            var tokens = Rows(TokenFile.Read(tokenFile, model.Config.VocabSize), tokenFile, length);
            tokens.Validate(model.Config.VocabSize, positions, tokenFile);
            if (tokens.Sequences < sequences)
                model.Warn($"{tokenFile} has {tokens.Sequences} sequences, fewer than the {sequences} asked for; all of them are used.");
            return tokens.Take(sequences);
        }
        if (texts.Count == 0)
            throw new InvalidInputException("Calibration data is missing: give --calibration TEXT or --calibration-tokens FILE.npy.");
        int wanted = length ?? DefaultWindow.Of(model);
        if (wanted > positions)
            throw new InvalidInputException(
                $"--seqlen {wanted}: the model has {positions:N0} positions. Use --seqlen {positions} or less."
            );
        if (wanted < 2)
            throw new InvalidInputException($"--seqlen {wanted}: a sequence needs at least 2 tokens.");
        return CalibrationSampler.Sample(
            ModelTexts.Tokenizer(model),
            ModelTexts.Read(model, texts),
            string.Join(", ", texts),
            sequences,
            wanted,
            seed
        );
    }

    // A flat file is cut into sequences, longer rows are shortened.
    private static TokenSet Rows(TokenFile file, string path, int? length)
    {
        if (file.IsFlat && length is null)
            throw new InvalidInputException($"{path} has one row of {file.Columns:N0} tokens; say with --seqlen how long a sequence is.");
        int wanted = Math.Min(length ?? file.Columns, file.Columns),
            columns = file.IsFlat ? wanted : file.Columns;
        if (wanted < 2)
            throw new InvalidInputException($"--seqlen {wanted}: a sequence needs at least 2 tokens.");
        int rows = file.Tokens.Length / columns;
        var ids = new int[rows * wanted];
        for (int row = 0; row < rows; row++)
            file.Tokens.Span.Slice(row * columns, wanted).CopyTo(ids.AsSpan(row * wanted));
        return new TokenSet(ids, rows, wanted);
    }
}
