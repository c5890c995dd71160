using System.CommandLine;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>The options that name calibration and evaluation data.</summary>
internal sealed class DataArguments
{
    private readonly Option<string[]> _calibration = new("--calibration")
    {
        Description = "Calibration texts: .txt, .gz, or .jsonl with a text field.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _calibrationTokens = new("--calibration-tokens")
    {
        Description = "Calibration token ids: .npy, [sequences, length].",
    };
    private readonly Option<string[]> _evaluation = new("--eval-text")
    {
        Description = "Evaluation texts.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _evaluationTokens = new("--eval-tokens")
    {
        Description = "Evaluation token ids: .npy, [tokens] or [sequences, length].",
    };
    private readonly Option<int?> _windows = new("--eval-windows") { Description = "Evaluate the first K windows only." };
    private readonly Option<int?> _length = new("--seqlen")
    {
        Description = "Tokens a sequence. Default: the token file's, else 2048 or the model's positions where they are fewer.",
    };
    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of the calibration sampling.",
        DefaultValueFactory = _ => 0UL,
    };

    private readonly bool _evaluates;

    /// <param name="evaluation">The verb evaluates too.</param>
    public DataArguments(bool evaluation = true) => _evaluates = evaluation;

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_calibration, _calibrationTokens, _length, _seed])
            command.Add(option);
        if (!_evaluates)
            return;
        foreach (Option option in (Option[])[_evaluation, _evaluationTokens, _windows])
            command.Add(option);
    }

    /// <summary>Where calibration sequences come from.</summary>
    public CalibrationSource Calibration(ParseResult parsed) =>
        new()
        {
            Texts = Files(parsed.GetValue(_calibration)),
            Tokens = File(parsed.GetValue(_calibrationTokens)),
            Length = parsed.GetValue(_length),
            Seed = parsed.GetValue(_seed),
        };

    /// <summary>Where evaluation windows come from, or null when no evaluation is asked for.</summary>
    public EvaluationSource? Evaluation(ParseResult parsed)
    {
        var source = new EvaluationSource
        {
            Texts = Files(parsed.GetValue(_evaluation)),
            Tokens = File(parsed.GetValue(_evaluationTokens)),
            Windows = parsed.GetValue(_windows),
        };
        return source.Texts.Count == 0 && source.Tokens is null ? null : source;
    }

    private static SourceFile[] Files(string[]? paths) => [.. (paths ?? []).Select(path => new SourceFile(path))];

    private static SourceFile? File(string? path) => path is null ? null : new SourceFile(path);
}
