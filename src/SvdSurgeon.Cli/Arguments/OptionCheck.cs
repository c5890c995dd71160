using System.CommandLine;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>
/// Names on a command line that there are not: the parser would take an unknown option for a value of the one before it, and name the wrong
/// one.
/// </summary>
internal static class OptionCheck
{
    // A name with more letters wrong than this is another name.
    private const int MostWrong = 3;

    // What other programs call it.
    private static readonly Dictionary<string, string> Elsewhere = new(StringComparer.Ordinal)
    {
        ["--output"] = "--out",
        ["-o"] = "--out",
        ["--max-tokens"] = "--tokens",
        ["--dataset"] = "--calibration",
        ["--keep"] = "--ratio",
        ["--nsamples"] = "--sequences",
    };

    /// <summary>Refuses an unknown verb or option, and says which one may be meant.</summary>
    /// <exception cref="InvalidInputException">There is one.</exception>
    public static void Check(RootCommand root, string[] args)
    {
        if (args.Length == 0 || args[0].StartsWith('-') || args[0].StartsWith('['))
            return;
        if (root.Subcommands.FirstOrDefault(verb => verb.Name == args[0]) is not { } command)
            throw new InvalidInputException(
                $"{args[0]}: there is no such verb.{Meant(args[0], root.Subcommands.Select(verb => verb.Name))} 'svdsurgeon' lists them."
            );
        List<Option> options = [.. command.Options, .. root.Options.Where(option => option.Recursive)];
        var names = options.SelectMany(option => option.Aliases.Prepend(option.Name)).ToHashSet(StringComparer.Ordinal);
        for (int i = 1; i < args.Length; i++)
        {
            string name = args[i].Split('=')[0];
            if (
                !name.StartsWith("--", StringComparison.Ordinal)
                || name.Length == 2
                || names.Contains(name)
                || IsText(options, args[i - 1])
            )
                continue;
            throw new InvalidInputException(
                $"{name}: {args[0]} has no such option.{Meant(name, names)} 'svdsurgeon {args[0]} --help' lists them."
            );
        }
    }

    private static bool IsText(List<Option> options, string before) => options.Find(option => option.Name == before) is FreeTextOption;

    private static string Meant(string name, IEnumerable<string> known)
    {
        List<string> all = [.. known];
        if (Elsewhere.TryGetValue(name, out string? other) && all.Contains(other))
            return $" Did you mean {other}?";
        var near = all.Select(candidate => (Candidate: candidate, Wrong: Distance(name, candidate)))
            .Where(found => found.Wrong <= Math.Min(MostWrong, name.Length / 3))
            .OrderBy(found => found.Wrong)
            .ThenBy(found => found.Candidate, StringComparer.Ordinal)
            .Select(found => found.Candidate)
            .FirstOrDefault();
        return near is null ? "" : $" Did you mean {near}?";
    }

    // Levenshtein, Soviet Physics Doklady 10 (1966): letters put in, left out or changed.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
