using System.Globalization;

namespace SvdSurgeon.Evaluation;

/// <summary>How the next token is chosen from its distribution. The cuts apply one after the other: top-k, top-p, min-p.</summary>
internal sealed record SamplingOptions
{
    /// <summary>0 takes the likeliest token; above, softmax(logits / temperature) is sampled.</summary>
    public double Temperature { get; init; }

    /// <summary>Only the k likeliest tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together have at least this probability; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens with at least this share of the likeliest one's probability; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>The same seed gives the same text.</summary>
    public int Seed { get; init; }

    /// <summary>Refuses what makes no sense.</summary>
    /// <exception cref="InvalidInputException">Names the option and its range.</exception>
    public void Check()
    {
        if (!(double.IsFinite(Temperature) && Temperature >= 0))
            throw new InvalidInputException(Text($"--temperature {Temperature}: it must be 0 (the likeliest token) or a positive number."));
        if (TopK < 0)
            throw new InvalidInputException(Text($"--top-k {TopK}: it must be 0 (all tokens) or the number of tokens to choose from."));
        if (!(TopP > 0 && TopP <= 1))
            throw new InvalidInputException(Text($"--top-p {TopP}: it must be above 0 and at most 1 (all tokens)."));
        if (!(MinP >= 0 && MinP < 1))
            throw new InvalidInputException(Text($"--min-p {MinP}: it must be at least 0 (all tokens) and below 1."));
    }

    private static string Text(FormattableString sentence) => sentence.ToString(CultureInfo.InvariantCulture);
}
