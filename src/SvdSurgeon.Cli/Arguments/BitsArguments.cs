using System.CommandLine;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>The options of compress that ask for integers instead of ranks.</summary>
internal sealed class BitsArguments
{
    private readonly Option<double[]> _bits = new("--bits")
    {
        Description =
            "Integers instead of ranks: bits per weight of the linear modules, scales counted, such as 4.5 4.0 3.5; a result each. "
            + "Every module gets the bits that lose least.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<int?> _effort = new("--effort")
    {
        Description = "For integers: 1 rounds alone, 2 to 5 train the rounding longer and longer. Default: 3.",
    };
    private readonly Option<int?> _embedding = new("--embedding-bits")
    {
        Description =
            "For integers: bits of the embedding and the head, 4 to 8, or 16 to keep them as they are, as transformers "
            + "and vLLM need it. Default: 8.",
    };
    private readonly Option<string?> _rounding = new("--rounding")
    {
        Description = "For integers: feedback (the default), or a control to compare it with: gptq (plain Gram matrix) or nearest.",
    };
    private readonly Option<bool> _equal = new("--equal-bits")
    {
        Description = "For integers: the same bits in every module, a control to compare with.",
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_bits, _effort, _embedding, _rounding, _equal])
            command.Add(option);
    }

    /// <summary>Whether --effort is given.</summary>
    public bool HasEffort(ParseResult parsed) => parsed.GetValue(_effort) is not null;

    /// <summary>The options, checked; null where none of them is given and no size either.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="size">The value of --target-size; null where it is not given, or goes with options for ranks.</param>
    /// <param name="increase">The value of --target-ppl-increase, likewise.</param>
    /// <param name="sequences">The value of --sequences where it is given.</param>
    /// <exception cref="InvalidInputException">A value makes no sense.</exception>
    public BitsOptions? Read(ParseResult parsed, string? size, string? increase, int? sequences)
    {
        double[] bits = parsed.GetValue(_bits) ?? [];
        if (bits.Length == 0 && size is null && increase is null)
        {
            foreach (Option option in (Option[])[_effort, _embedding, _rounding, _equal])
                if (parsed.GetResult(option) is { Implicit: false })
                    throw new InvalidInputException(
                        $"{option.Name} says how to make integers: give --bits, --target-size or --target-ppl-increase too."
                    );
            return null;
        }
        var defaults = new BitsOptions();
        var options = new BitsOptions
        {
            Bits = bits,
            TargetBytes = size is null ? null : CompressionTarget.Size(size).Bytes,
            PerplexityIncrease = increase is null ? null : CompressionTarget.Perplexity(increase).Increase,
            Sequences = sequences ?? defaults.Sequences,
            Effort = parsed.GetValue(_effort) ?? defaults.Effort,
            EmbeddingBits = parsed.GetValue(_embedding) ?? defaults.EmbeddingBits,
            Rounding = parsed.GetValue(_rounding) is { } rounding ? Named(rounding) : defaults.Rounding,
            EqualBits = parsed.GetValue(_equal),
        };
        options.Validate();
        return options;
    }

    private static RoundingMethod Named(string text) =>
        Enum.TryParse<RoundingMethod>(text, ignoreCase: true, out var method) && char.IsLetter(text[0])
            ? method
            : throw new InvalidInputException($"--rounding {text}: unknown. Use feedback, gptq or nearest.");
}
