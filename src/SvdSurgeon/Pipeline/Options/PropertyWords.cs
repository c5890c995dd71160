using System.Text.RegularExpressions;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>
/// What is wrong with options, said to a program that calls the library: messages name the command line's options, which are the
/// properties' names in another spelling.
/// </summary>
internal static partial class PropertyWords
{
    private static readonly Dictionary<string, string> Others = new(StringComparer.Ordinal)
    {
        ["ratio"] = nameof(CompressionOptions.Ratios),
        ["target-size"] = nameof(CompressionJob.Target),
        ["target-ppl-increase"] = nameof(CompressionJob.Target),
        ["refine"] = nameof(CompressionOptions.Refinements),
        ["strength"] = nameof(CompressionOptions.SearchStrength),
    };

    /// <summary>Runs a check of the options.</summary>
    /// <param name="check">Throws <see cref="InvalidInputException"/>.</param>
    /// <param name="parameter">The caller's parameter that holds the options.</param>
    /// <exception cref="ArgumentException">The check failed.</exception>
    public static void Check(Action check, string parameter)
    {
        try
        {
            check();
        }
        catch (InvalidInputException e)
        {
            throw new ArgumentException(In(e.Message), parameter, e);
        }
    }

    /// <summary>The message with properties for options: "--fisher-sequences 0" is "FisherSequences 0".</summary>
    public static string In(string message) => Option().Replace(message, match => Property(match.Groups[1].Value));

    private static string Property(string option) =>
        Others.GetValueOrDefault(option) ?? string.Concat(option.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    [GeneratedRegex("--([a-z]+(?:-[a-z]+)*)")]
    private static partial Regex Option();
}
