using System.CommandLine;
using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

/// <summary>The options that name calibration and evaluation data.</summary>
internal sealed class DataArguments
{
    private const int DefaultLength = 2048;

    private readonly Option<string[]> _calibration = new("--calibration") { Description = "Calibration texts: .txt, .gz, or .jsonl with a text field.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _calibrationTokens = new("--calibration-tokens") { Description = "Calibration token ids: .npy, [sequences, length]." };
    private readonly Option<string[]> _evaluation = new("--eval-text") { Description = "Evaluation texts.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _evaluationTokens = new("--eval-tokens") { Description = "Evaluation token ids: .npy, [tokens] or [sequences, length]." };
    private readonly Option<int?> _windows = new("--eval-windows") { Description = "Evaluate the first K windows only." };
    private readonly Option<int?> _length = new("--seqlen") { Description = "Tokens a sequence. Default: the token file's, else 2048 or the model's positions where they are fewer." };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the calibration sampling.", DefaultValueFactory = _ => 0UL };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_calibration, _calibrationTokens, _evaluation, _evaluationTokens, _windows, _length, _seed]) command.Add(option);
    }

    /// <summary>Calibration sequences, as many as the options ask for or the token file has.</summary>
    public TokenSet Calibration(ParseResult parsed, Checkpoint model, CompressionOptions options)
    {
        int wanted = options.Surgeon == SurgeonMode.None ? options.Sequences : Math.Max(options.Sequences, options.FisherSequences);
        int positions = model.Config.MaxPositions;
        var texts = parsed.GetValue(_calibration) ?? [];
        if (parsed.GetValue(_calibrationTokens) is { } file)
        {
            if (texts.Length > 0) throw new InvalidInputException("--calibration and --calibration-tokens exclude each other.");
            var tokens = Rows(TokenFile.Read(file, model.Config.VocabSize), file, parsed.GetValue(_length));
            tokens.Validate(model.Config.VocabSize, positions, file);
            if (tokens.Sequences < wanted) Console.Error.WriteLine($"svdsurgeon: {file} has {tokens.Sequences} sequences, fewer than the {wanted} asked for; all of them are used.");
            return tokens.Take(wanted);
        }
        if (texts.Length == 0) throw new InvalidInputException("Calibration data is missing: give --calibration TEXT or --calibration-tokens FILE.npy.");
        int length = parsed.GetValue(_length) ?? Math.Min(DefaultLength, positions);
        if (length > positions) throw new InvalidInputException($"--seqlen {length}: the model has {positions:N0} positions. Use --seqlen {positions} or less.");
        if (length < 2) throw new InvalidInputException($"--seqlen {length}: a sequence needs at least 2 tokens.");
        return CalibrationSampler.Sample(Tokenizer.Open(model.Path), TextSource.Read(texts), string.Join(", ", texts), wanted, length, parsed.GetValue(_seed));
    }

    /// <summary>Evaluation windows, or null when no evaluation is asked for.</summary>
    public TokenWindows? Evaluation(ParseResult parsed, Checkpoint model, int length)
    {
        var texts = parsed.GetValue(_evaluation) ?? [];
        string? file = parsed.GetValue(_evaluationTokens);
        if (texts.Length == 0 && file is null) return null;
        if (texts.Length > 0 && file is not null) throw new InvalidInputException("--eval-text and --eval-tokens exclude each other.");
        return EvaluationData.Open(model, texts, file, length, parsed.GetValue(_windows));
    }

    // A flat file is cut into sequences, longer rows are shortened to --seqlen.
    private static TokenSet Rows(TokenFile file, string path, int? length)
    {
        if (file.IsFlat && length is null) throw new InvalidInputException($"{path} has one row of {file.Columns:N0} tokens; say with --seqlen how long a sequence is.");
        int wanted = Math.Min(length ?? file.Columns, file.Columns), columns = file.IsFlat ? wanted : file.Columns;
        if (wanted < 2) throw new InvalidInputException($"--seqlen {wanted}: a sequence needs at least 2 tokens.");
        int rows = file.Tokens.Length / columns;
        var ids = new int[rows * wanted];
        for (int row = 0; row < rows; row++) file.Tokens.Span.Slice(row * columns, wanted).CopyTo(ids.AsSpan(row * wanted));
        return new TokenSet(ids, rows, wanted);
    }
}
