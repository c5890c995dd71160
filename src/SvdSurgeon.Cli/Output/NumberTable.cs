using Spectre.Console;

namespace SvdSurgeon.Cli.Output;

/// <summary>
/// A table of numbers: the first column names what they are of, the others stand to the right. A number is never broken over lines, a
/// name where the width that COLUMNS or a terminal gives is too small.
/// </summary>
internal static class NumberTable
{
    public static Table With(params ReadOnlySpan<string> names)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string name in names)
            table.AddColumn(new TableColumn(name).PadLeft(0).PadRight(1));
        for (int i = 1; i < names.Length; i++)
            table.Columns[i].RightAligned().NoWrap();
        return table;
    }

    public static void Write(Table table) => AnsiConsole.Write(table);
}
