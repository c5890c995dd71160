namespace SvdSurgeon.Calibration;

/// <summary>
/// Texts for calibration and evaluation: plain text in UTF-8 or UTF-16, JSON lines, arrays or objects with a <c>text</c> field, each as it
/// is or compressed with gzip. What a file is says its content; a name that says something else is answered with a sentence.
/// </summary>
internal static class TextSource
{
    /// <summary>What stands between two documents.</summary>
    public const string Separator = "\n\n";

    /// <summary>All documents of all files, joined with an empty line, as the papers' programs do.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="notes">Gets a sentence for every file that was taken for something else than its name says; null where nobody reads
    /// them.</param>
    /// <exception cref="InvalidInputException">A file is missing, damaged, no text, or JSON without texts; or there is no text at
    /// all.</exception>
    public static string Read(IEnumerable<string> paths, ICollection<string>? notes = null) =>
        string.Join(Separator, ReadDocuments(paths, notes));

    /// <summary>The documents of the files in order: a plain text file is one.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="notes">As for <see cref="Read"/>.</param>
    /// <exception cref="InvalidInputException">As for <see cref="Read"/>.</exception>
    public static IReadOnlyList<string> ReadDocuments(IEnumerable<string> paths, ICollection<string>? notes = null)
    {
        string[] files = [.. paths];
        var documents = new List<string>();
        foreach (string file in files)
            TextFile.Read(file, documents, notes ?? []);
        if (documents.All(string.IsNullOrWhiteSpace))
            throw new InvalidInputException($"{string.Join(", ", files)}: there is no text in it.");
        return documents;
    }
}
