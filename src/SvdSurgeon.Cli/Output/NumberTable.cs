using Spectre.Console;

namespace SvdSurgeon.Cli.Output;

/// <summary>
/// A table of numbers: the first column names what they are of, the others stand to the right. A number is never broken over lines.
/// </summary>
internal static class NumberTable
{
    // A file has no edge: only a terminal is as narrow as it says.
    private const int WidthOfFiles = 160;

    public static Table With(params ReadOnlySpan<string> names)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string name in names)
            table.AddColumn(new TableColumn(name).PadLeft(0).PadRight(1).NoWrap());
        for (int i = 1; i < names.Length; i++)
            table.Columns[i].RightAligned();
        return table;
    }

    public static void Write(Table table)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = WidthOfFiles;
        AnsiConsole.Write(table);
    }
}
