using System.CommandLine;

namespace SvdSurgeon.Compare;

/// <summary>The command line.</summary>
internal sealed class Arguments
{
    private readonly Option<string?> _model = new("--model") { Description = "Hugging Face folder or GGUF file. Default: a random model." };
    private readonly Option<string?> _calibration = new("--calibration-tokens")
    {
        Description = "Token ids, .npy, [sequences, length]; required with --model.",
    };
    private readonly Option<string?> _evaluation = new("--eval-tokens")
    {
        Description = "Token ids to evaluate on, .npy. Default: the calibration's.",
    };
    private readonly Option<string?> _peer = new("--peer")
    {
        Description = "reference.py, the published computation in PyTorch. Default: only our side is measured.",
    };
    private readonly Option<string> _python = new("--python")
    {
        Description = "Interpreter that has torch.",
        DefaultValueFactory = _ => "python3",
    };
    private readonly Option<string[]> _environment = new("--peer-environment")
    {
        Description = "Variables for the peer, such as OPENBLAS_CORETYPE=SkylakeX where OpenBLAS does not know the processor.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _svdsurgeon = new("--svdsurgeon")
    {
        Description = "The svdsurgeon to run as a process. Default: the one built with this program.",
    };
    private readonly Option<int> _threads = new("--threads")
    {
        Description = "Threads of both sides.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };
    private readonly Option<int?> _repeats = new("--repeats") { Description = "Repeats of every measurement. Default: 3, with --quick 1." };
    private readonly Option<int?> _perRatio = new("--per-ratio-repeats")
    {
        Description = "Repeats that also run the peer with --per-ratio-fisher, at most --repeats; 0 for none. Default: 1, with --quick 0.",
    };
    private readonly Option<int?> _sequences = new("--sequences")
    {
        Description = "Whitening and Fisher sequences end to end. Default: 64, with --quick 4.",
    };
    private readonly Option<int?> _speed = new("--speed-sequences")
    {
        Description = "Sequences of a timed gradient pass and windows of a timed evaluation. Default: 16, with --quick 2.",
    };
    private readonly Option<string[]> _compressed = new("--compressed")
    {
        Description = "Compressed models to decode with. Default: one at 0.6 is made.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _only = new("--only")
    {
        Description = $"Measures, with commas: {string.Join(", ", Program.Measures.Select(m => m.Name))}. Default: all.",
    };
    private readonly Option<bool> _quick = new("--quick") { Description = "Small sizes, one repeat." };

    public Option<string?> Out { get; } =
        new("--out") { Description = "Markdown file, written anew after each measure. Default: standard output, at the end." };

    public void AddTo(Command command)
    {
        foreach (
            Option option in (Option[])
                [
                    _model,
                    _calibration,
                    _evaluation,
                    _peer,
                    _python,
                    _environment,
                    _svdsurgeon,
                    _threads,
                    _repeats,
                    _perRatio,
                    _sequences,
                    _speed,
                    _compressed,
                    _only,
                    Out,
                    _quick,
                ]
        )
            command.Add(option);
    }

    /// <exception cref="InvalidInputException">Options contradict each other.</exception>
    public Settings Read(ParseResult parsed)
    {
        bool quick = parsed.GetValue(_quick);
        var settings = new Settings
        {
            Model = parsed.GetValue(_model),
            CalibrationTokens = parsed.GetValue(_calibration),
            EvaluationTokens = parsed.GetValue(_evaluation),
            Peer = parsed.GetValue(_peer),
            Python = parsed.GetRequiredValue(_python),
            PeerEnvironment = Variables(parsed.GetValue(_environment) ?? []),
            Svdsurgeon = parsed.GetValue(_svdsurgeon),
            Threads = parsed.GetValue(_threads),
            Repeats = parsed.GetValue(_repeats) ?? (quick ? 1 : 3),
            PerRatioRepeats = parsed.GetValue(_perRatio) ?? (quick ? 0 : 1),
            Sequences = parsed.GetValue(_sequences) ?? (quick ? 4 : 64),
            SpeedSequences = parsed.GetValue(_speed) ?? (quick ? 2 : 16),
            Compressed = parsed.GetValue(_compressed) ?? [],
            Quick = quick,
        };
        if (
            settings.Threads < 1
            || settings.Repeats < 1
            || settings.Sequences < 1
            || settings.SpeedSequences < 1
            || settings.PerRatioRepeats < 0
        )
            throw new InvalidInputException(
                "--threads, --repeats, --sequences and --speed-sequences must be 1 or more, --per-ratio-repeats 0 or more."
            );
        if (settings.Model is null != settings.CalibrationTokens is null)
            throw new InvalidInputException(
                "--model and --calibration-tokens go together: token ids belong to a vocabulary. Without both, a random model serves."
            );
        return settings;
    }

    /// <summary>The measures that were asked for.</summary>
    /// <exception cref="InvalidInputException">There is none of that name.</exception>
    public IReadOnlyList<IMeasure> Chosen(ParseResult parsed)
    {
        if (parsed.GetValue(_only) is not { } only)
            return Program.Measures;
        string[] names = only.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (string name in names)
            if (Program.Measures.All(m => m.Name != name))
                throw new InvalidInputException(
                    $"--only {name}: there is no such measure. There are {string.Join(", ", Program.Measures.Select(m => m.Name))}."
                );
        return [.. Program.Measures.Where(m => names.Contains(m.Name))];
    }

    private static Dictionary<string, string> Variables(string[] texts)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=');
            if (equals < 1)
                throw new InvalidInputException($"--peer-environment {text}: write NAME=VALUE.");
            variables[text[..equals]] = text[(equals + 1)..];
        }
        return variables;
    }
}
