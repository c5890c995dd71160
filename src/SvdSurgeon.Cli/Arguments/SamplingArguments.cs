using System.CommandLine;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>How tokens are chosen and which of them end a text: what generate and chat have in common.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<double?> _temperature = new("--temperature") { Description = "0 always takes the likeliest token." };
    private readonly Option<int?> _topK = new("--top-k") { Description = "Choose among the k likeliest tokens; 0: all." };
    private readonly Option<double?> _topP = new("--top-p")
    {
        Description = "Choose among the likeliest tokens that together have this probability.",
    };
    private readonly Option<double?> _minP = new("--min-p")
    {
        Description = "Leave out tokens below this share of the likeliest one's probability.",
    };
    private readonly Option<int> _seed = new("--seed") { Description = "Seed of the sampling.", DefaultValueFactory = _ => 0 };
    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "A further token that ends the text, such as <|im_end|>. May be repeated.",
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_temperature, _topK, _topP, _minP, _seed, _stop])
            command.Add(option);
    }

    /// <summary>The options, over those that the model's makers use.</summary>
    /// <exception cref="InvalidInputException">A value makes no sense.</exception>
    public SamplingOptions Read(ParseResult parsed, SamplingOptions otherwise)
    {
        var options = new SamplingOptions
        {
            Temperature = parsed.GetValue(_temperature) ?? otherwise.Temperature,
            TopK = parsed.GetValue(_topK) ?? otherwise.TopK,
            TopP = parsed.GetValue(_topP) ?? otherwise.TopP,
            MinP = parsed.GetValue(_minP) ?? otherwise.MinP,
            Seed = parsed.GetValue(_seed),
        };
        options.Check();
        return options;
    }

    /// <summary>The model's own tokens that end a text, and those of --stop.</summary>
    /// <exception cref="InvalidInputException">A text of --stop is no single token.</exception>
    public IReadOnlyCollection<int> Stops(ParseResult parsed, GenerationConfig config, Tokenizer tokenizer)
    {
        var stops = new SortedSet<int>(config.StopTokens);
        foreach (string text in parsed.GetValue(_stop) ?? [])
            stops.Add(
                tokenizer.Encode(text, addSpecialTokens: false) is [var id]
                    ? id
                    : throw new InvalidInputException($"--stop {text}: this is no single token of the model. Give one, such as <|im_end|>.")
            );
        return stops;
    }
}
