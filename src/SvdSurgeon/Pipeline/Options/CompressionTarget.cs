using System.Globalization;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>What the result should be; the kept fraction that makes it so is found by bisection.</summary>
public abstract record CompressionTarget
{
    private protected CompressionTarget() { }

    /// <summary>As it stands in a message.</summary>
    public abstract string Text { get; }

    /// <summary>Weight files of at most so many bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0.</exception>
    public static CompressionTarget OfSize(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        return new SizeTarget(bytes);
    }

    /// <summary>A perplexity at most this fraction above the dense model's, on the evaluation data: 0.05 for five per cent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not a finite number above 0.</exception>
    public static CompressionTarget OfPerplexity(double increase)
    {
        if (!(increase > 0 && double.IsFinite(increase)))
            throw new ArgumentOutOfRangeException(nameof(increase), increase, "Must be a finite number above 0.");
        return new PerplexityTarget(increase);
    }

    /// <summary>A perplexity target from "5%" or "0.05".</summary>
    /// <exception cref="InvalidInputException">It is neither, or not above 0.</exception>
    internal static PerplexityTarget Perplexity(string text)
    {
        bool percent = text.EndsWith('%');
        if (
            !double.TryParse(percent ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            || !(number > 0 && double.IsFinite(number))
        )
            throw new InvalidInputException($"--target-ppl-increase {text}: give an increase above 0, such as 5% or 0.05.");
        return new PerplexityTarget(percent ? number / 100 : number);
    }

    /// <summary>A size target from "90MB" (10⁶ bytes), "90MiB" (2²⁰), the same with K and G, or a number of bytes.</summary>
    /// <exception cref="InvalidInputException">It is none of these, or not above 0.</exception>
    internal static SizeTarget Size(string text)
    {
        foreach (var (unit, bytes) in Units)
            if (
                text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text[..^unit.Length], NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && number > 0
                && number * bytes < long.MaxValue
            )
                return new SizeTarget((long)(number * bytes));
        throw new InvalidInputException($"--target-size {text}: give a size such as 90MB, 1.5GiB or a number of bytes.");
    }

    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("B", 1),
        ("", 1),
    ];
}
