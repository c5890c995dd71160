using System.CommandLine;
using System.Text;

namespace SvdSurgeon.Cli.Output.Help;

/// <summary>A verb's help: its options in groups, as wide as the terminal; those for experts only when asked for.</summary>
internal static class VerbHelp
{
    private const string All = "--help-all";

    // From here on everything about options is written; a wider terminal makes no better lines.
    private const int Widest = 100,
        Narrowest = 40,
        NameWidth = 22;

    // Verbs of many options hide the rarer ones.
    private const int Many = 20;

    /// <summary>Whether a command line asks for help.</summary>
    public static bool IsWanted(string[] args) => args.Any(arg => arg is "--help" or "-h" or "-?" or All);

    /// <summary>The help of the verb that the command line names; the overview where it names none.</summary>
    public static string Text(RootCommand root, string[] args, int width) =>
        root.Subcommands.FirstOrDefault(verb => verb.Name == args[0]) is { } verb
            ? Of(root, verb, Math.Clamp(width - 1, Narrowest, Widest), args.Contains(All))
            : Overview.Text;

    private static string Of(RootCommand root, Command verb, int width, bool all)
    {
        List<Option> options =
        [
            .. verb.Options.Concat(root.Options.Where(o => o.Recursive)).Where(o => !o.Hidden && o.Name is not "--help"),
        ];
        var text = new StringBuilder();
        Wrap(text, verb.Description ?? "", "", width);
        string arguments = string.Join(' ', verb.Arguments.Select(a => a.Name.ToUpperInvariant()));
        text.AppendLine().AppendLine($"svdsurgeon {verb.Name} {arguments} [options]").AppendLine();
        foreach (var argument in verb.Arguments)
            Line(text, argument.Name.ToUpperInvariant(), argument.Description ?? "", width);
        bool hides = !all && options.Count > Many;
        var groups = options.ToLookup(option => OptionGroups.Of(option.Name));
        foreach (string group in OptionGroups.Order.Where(group => groups.Contains(group)))
        {
            if (group == OptionGroups.Experts && hides)
                continue;
            text.AppendLine().AppendLine(group == OptionGroups.Experts && options.Count <= Many ? "More" : group);
            foreach (var option in groups[group])
                Line(text, option.Name, Description(option), width);
        }
        if (hides)
            text.AppendLine().AppendLine($"{groups[OptionGroups.Experts].Count()} more: svdsurgeon {verb.Name} --help-all");
        return text.ToString().TrimEnd();
    }

    private static string Description(Option option)
    {
        string text = option.Description ?? "";
        if (option.Required)
            text += " Required.";
        else if (option.HasDefaultValue && option.GetDefaultValue() is { } value and not (false or Array) && $"{value}".Length > 0)
            text += FormattableString.Invariant($" [{value}]");
        return text;
    }

    private static void Line(StringBuilder text, string name, string description, int width)
    {
        string head = "  " + name;
        if (head.Length < NameWidth)
            head = head.PadRight(NameWidth);
        else
        {
            text.AppendLine(head);
            head = new string(' ', NameWidth);
        }
        Wrap(text, description, head, width);
    }

    // Words in lines of at most the width, those after the first as far in as the first is.
    private static void Wrap(StringBuilder text, string words, string head, int width)
    {
        string line = head,
            indent = new(' ', head.Length);
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            bool begins = line.Length == head.Length && (line == head || line == indent);
            if (!begins && line.Length + 1 + word.Length > width)
            {
                text.AppendLine(line.TrimEnd());
                (line, begins) = (indent, true);
            }
            line += (begins ? "" : " ") + word;
        }
        text.AppendLine(line.TrimEnd());
    }
}
