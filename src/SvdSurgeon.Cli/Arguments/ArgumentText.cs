using System.Globalization;
using SvdSurgeon.IO;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>Lists of numbers as people write them: "0.8,0.6" and "80% 60%" become "0.8 0.6" before parsing.</summary>
internal static class ArgumentText
{
    private const string Ratio = "--ratio",
        Bits = "--bits";

    /// <summary>The command line with such lists written out.</summary>
    public static string[] Normalize(string[] args)
    {
        var result = new List<string>();
        string option = "";
        foreach (string arg in args)
        {
            if (arg.StartsWith("--", StringComparison.Ordinal))
            {
                int equals = arg.IndexOf('=', StringComparison.Ordinal);
                option = equals < 0 ? arg : arg[..equals];
                if (equals < 0 || option is not (Ratio or Bits))
                {
                    result.Add(arg);
                    continue;
                }
                result.Add(option);
                result.AddRange(Numbers(option, arg[(equals + 1)..]));
            }
            else if (option is Ratio or Bits)
                result.AddRange(Numbers(option, arg));
            else
                result.Add(arg);
        }
        return [.. result];
    }

    // "0,8" is a decimal comma, which the parser refuses with a sentence, and not the list of 0 and 8.
    private static IEnumerable<string> Numbers(string option, string text)
    {
        string[] parts = text.Split(',');
        bool list = parts.Length > 1 && parts.All(part => part.Length > 0) && !(parts.Length == 2 && parts[0] == "0");
        return (list ? parts : [text]).Select(part => option == Ratio ? Fraction(part) : part);
    }

    private static string Fraction(string text) =>
        text.EndsWith('%') && StrictNumber.TryDouble(text[..^1], out double percent)
            ? (percent / 100).ToString("R", CultureInfo.InvariantCulture)
            : text;
}
