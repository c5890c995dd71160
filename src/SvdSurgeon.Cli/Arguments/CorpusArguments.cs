using System.CommandLine;
using System.Text.RegularExpressions;
using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Corpora;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>The options that name texts and say how they are cut into windows, shared by eval and compare.</summary>
internal sealed partial class CorpusArguments
{
    private const string Unnamed = "text";

    private readonly Option<string[]> _text = new("--text")
    {
        Description = "Texts: .txt or .jsonl with a text field, either with .gz; as NAME=FILE several corpora, each measured by itself.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _tokens = new("--tokens")
    {
        Description = "Token ids: .npy, [tokens], or [sequences, length] evaluated row by row.",
    };
    private readonly Option<string?> _preset = new("--preset")
    {
        Description = "arena: LowRankArena's protocol, the first 262,144 tokens of each text in blocks of 2,048 without special tokens.",
    };
    private readonly Option<int?> _length = new("--seqlen")
    {
        Description = "Tokens per window. Default: those of the run that made the model, else 2048 or what the model was made for.",
    };
    private readonly Option<int?> _windows = new("--windows") { Description = "The first K windows of each text only." };
    private readonly Option<int?> _maxTokens = new("--max-tokens") { Description = "The first N tokens of each text only; 0 for all." };
    private readonly Option<bool> _contiguous = new("--contiguous")
    {
        Description = "Windows overlap by one token, so that every token but the first is predicted. Without it they share none.",
    };
    private readonly Option<bool> _noSpecial = new("--no-special")
    {
        Description = "Without the tokens that the tokenizer puts before a text.",
    };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_text, _tokens, _preset, _length, _windows, _maxTokens, _contiguous, _noSpecial])
            command.Add(option);
    }

    /// <summary>Whether texts or tokens are named at all.</summary>
    public bool Any(ParseResult parsed) => parsed.GetValue(_text) is { Length: > 0 } || parsed.GetValue(_tokens) is not null;

    /// <summary>Whether the result is one of several, or of a protocol with a schema of its own: then it is printed in the
    /// arena's.</summary>
    public bool IsArena(ParseResult parsed, IReadOnlyList<Corpus> corpora) =>
        parsed.GetValue(_preset) is not null || corpora is not [{ Name: Unnamed }];

    /// <summary>How texts are cut for a model.</summary>
    /// <exception cref="InvalidInputException">Options contradict each other or do not suit the model.</exception>
    public CorpusProtocol Protocol(ParseResult parsed, Checkpoint model)
    {
        string? preset = parsed.GetValue(_preset);
        if (preset is not (null or "arena"))
            throw new InvalidInputException($"--preset {preset}: unknown. Use arena, or leave it out.");
        int positions = model.Config.MaxPositions;
        var start =
            preset == "arena" ? CorpusProtocol.Arena : new CorpusProtocol { Length = LengthOfRun(model) ?? DefaultWindow.Of(model) };
        int? maxTokens = parsed.GetValue(_maxTokens),
            windows = parsed.GetValue(_windows);
        if (maxTokens < 0)
            throw new InvalidInputException($"--max-tokens {maxTokens}: must be 0 (all) or more.");
        if (windows < 1)
            throw new InvalidInputException($"--windows {windows}: at least 1 window is needed.");
        var protocol = start with
        {
            Length = parsed.GetValue(_length) ?? start.Length,
            Windows = windows,
            MaxTokens =
                maxTokens is null ? start.MaxTokens
                : maxTokens == 0 ? null
                : maxTokens,
            Contiguous = parsed.GetValue(_contiguous),
            AddsSpecialTokens = start.AddsSpecialTokens && !parsed.GetValue(_noSpecial),
        };
        if (protocol.Length < 2)
            throw new InvalidInputException(
                $"--seqlen {protocol.Length}: a window needs at least 2 tokens, one to predict from and one to predict."
            );
        return protocol.Length <= positions
            ? protocol
            : throw new InvalidInputException(
                $"{model.Path}: windows of {protocol.Length:N0} tokens are longer than the model's {positions:N0} positions. "
                    + $"Use --seqlen {positions} or less."
            );
    }

    /// <summary>Reads the texts for a model.</summary>
    /// <exception cref="InvalidInputException">There is none, a file cannot be used, or it fills no window.</exception>
    public IReadOnlyList<Corpus> Read(ParseResult parsed, Checkpoint model, CorpusProtocol protocol)
    {
        string[] texts = parsed.GetValue(_text) ?? [];
        string? tokens = parsed.GetValue(_tokens);
        if ((texts.Length > 0) == (tokens is not null))
            throw new InvalidInputException($"{parsed.CommandResult.Command.Name} needs either --text or --tokens.");
        if (tokens is not null)
        {
            if (protocol.Contiguous || protocol.MaxTokens is not null)
                throw new InvalidInputException(
                    "--tokens: --contiguous, --max-tokens and --preset are for texts; cut the token file as you want it."
                );
            var windows = EvaluationData.Open(model, [], tokens, protocol.Length, protocol.Windows);
            return [new Corpus(Unnamed, tokens, windows, TokenFile.Read(tokens, model.Config.VocabSize).Tokens.Length, 1)];
        }
        var tokenizer = ModelTexts.Tokenizer(model);
        var notes = new List<string>();
        List<Corpus> corpora = [.. Named(texts).Select(group => Corpus.Read(group.Key, [.. group], tokenizer, protocol, notes))];
        notes.ForEach(model.Warn);
        return corpora;
    }

    /// <summary>Tokens per window of the run that made a compressed model, in which its perplexity was measured; null for other
    /// models.</summary>
    public static int? LengthOfRun(Checkpoint model)
    {
        string file = Path.Combine(model.Path, Recipe.FileName);
        if (model.Compression is null || !File.Exists(file))
            return null;
        var recipe = new StrictObject(JsonFile.ReadObject(file), file);
        return SourceJson.Evaluation(recipe)?.Length ?? SourceJson.Calibration(recipe).Length;
    }

    // Files without a name are one text, files of one name too.
    private static List<IGrouping<string, string>> Named(string[] texts)
    {
        var named = texts
            .Select(text =>
                !File.Exists(text) && Name().Match(text) is { Success: true } match
                    ? (match.Groups[1].Value, match.Groups[2].Value)
                    : (Unnamed, text)
            )
            .ToList();
        var groups = named.GroupBy(text => text.Item1, text => text.Item2).ToList();
        return groups.Count == 1 || groups.All(group => group.Key != Unnamed)
            ? groups
            : throw new InvalidInputException("--text: either all texts have a name, as NAME=FILE, or none.");
    }

    [GeneratedRegex(@"^([\w.-]+)=(.+)$")]
    private static partial Regex Name();
}
