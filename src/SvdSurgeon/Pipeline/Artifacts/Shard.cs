using System.Globalization;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>One machine's share of the calibration sequences: a contiguous run of whole blocks.</summary>
/// <param name="Index">Which one, from 1.</param>
/// <param name="Count">How many there are.</param>
internal sealed record Shard(int Index, int Count)
{
    /// <summary>Reads "i/n".</summary>
    /// <exception cref="InvalidInputException">It is something else, or i is not from 1 to n.</exception>
    public static Shard Parse(string text)
    {
        string[] parts = text.Split('/');
        if (parts.Length == 2 && Number(parts[0]) is { } index && Number(parts[1]) is { } count && index >= 1 && index <= count)
            return new Shard(index, count);
        throw new InvalidInputException($"--shard {text}: write i/n with i from 1 to n, such as 2/4 for the second of four.");
    }

    /// <summary>"i/n".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
}
