using System.Text;
using SvdSurgeon.IO;

namespace SvdSurgeon.Compare.Tables;

/// <summary>One measure's part of the report.</summary>
internal sealed class Section(string title)
{
    private readonly List<string> _lines = [$"## {title}", ""];

    /// <summary>Adds a sentence: what was run, and what the numbers mean.</summary>
    public void Say(string text) => Add([text]);

    /// <summary>Adds a table.</summary>
    public void Add(IEnumerable<string> lines) => _lines.AddRange([.. lines, ""]);

    /// <summary>Markdown.</summary>
    public IReadOnlyList<string> Lines => _lines;
}

/// <summary>The Markdown file, written anew after each measure, so that an interrupted run keeps what it has.</summary>
internal sealed class Report(string? path)
{
    private readonly List<Section> _sections = [];

    /// <summary>Adds a finished part and writes the file.</summary>
    public void Add(Section section)
    {
        _sections.Add(section);
        if (path is not null)
            AtomicFile.WriteAllText(path, Text());
    }

    /// <summary>The whole report.</summary>
    public string Text()
    {
        var text = new StringBuilder("# Side by side\n\n");
        foreach (string line in _sections.SelectMany(section => section.Lines))
            text.Append(line).Append('\n');
        return text.ToString();
    }
}
