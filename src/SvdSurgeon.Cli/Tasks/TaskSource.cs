using SvdSurgeon.Evaluation.Tasks;

namespace SvdSurgeon.Cli.Tasks;

/// <summary>A file with items and the layout they are in.</summary>
/// <param name="Layout">The task.</param>
/// <param name="Rows">Its items.</param>
internal sealed record TaskSource(ITaskLayout Layout, IReadOnlyList<TaskRow> Rows)
{
    /// <summary>Opens what an option names, NAME=FILE or FILE.</summary>
    /// <exception cref="InvalidInputException">The name is unknown, or the file cannot be used.</exception>
    public static TaskSource Open(string option, string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && TaskLayouts.Named(text[..equals]) is { } layout)
            return new TaskSource(layout, RowsOf(text[(equals + 1)..]));
        if (equals > 0 && !File.Exists(text))
            throw new InvalidInputException($"{option} {text}: there is no task '{text[..equals]}'. Use one of {TaskLayouts.Names}.");
        var rows = RowsOf(text);
        return new TaskSource(TaskLayouts.Guess(text, rows[0]), rows);
    }

    /// <summary>The items of a file, by its extension.</summary>
    /// <exception cref="InvalidInputException">The file cannot be used.</exception>
    public static IReadOnlyList<TaskRow> RowsOf(string path) => ParquetRows.IsParquet(path) ? ParquetRows.Read(path) : TaskLines.Read(path);
}
