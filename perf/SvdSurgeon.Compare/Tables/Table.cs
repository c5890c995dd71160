namespace SvdSurgeon.Compare.Tables;

/// <summary>A Markdown table.</summary>
internal sealed class Table(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row.</summary>
    /// <exception cref="ArgumentException">It has another number of cells than there are columns.</exception>
    public void Add(params string[] cells)
    {
        if (cells.Length != columns.Length)
            throw new ArgumentException($"{cells.Length} cells do not fit {columns.Length} columns.", nameof(cells));
        _rows.Add(cells);
    }

    /// <summary>The table in Markdown, a line a row.</summary>
    public IEnumerable<string> Lines() =>
        new[] { columns, [.. columns.Select(_ => "---")] }.Concat(_rows).Select(row => $"| {string.Join(" | ", row.Select(Escaped))} |");

    private static string Escaped(string cell) => cell.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
