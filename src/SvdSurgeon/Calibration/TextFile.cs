using System.Buffers;
using System.Text;
using System.Text.Unicode;
using SvdSurgeon.IO;

namespace SvdSurgeon.Calibration;

/// <summary>One text file. What it is says its content; a name that says something else is answered with a sentence.</summary>
internal static class TextFile
{
    // What a file is called that holds something else than text, by its first bytes.
    private static readonly (byte[] Magic, string Name, string WayOut)[] Others =
    [
        (
            "PAR1"u8.ToArray(),
            "a Parquet file",
            "Write its column of texts as JSON lines, such as with pandas: read_parquet, then to_json(lines=True, orient='records')"
        ),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed with Zstandard", "Unpack it with 'zstd -d'"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "compressed with xz", "Unpack it with 'xz -d'"),
        ("BZh"u8.ToArray(), "compressed with bzip2", "Unpack it with 'bzip2 -d'"),
        ([(byte)'P', (byte)'K', 3, 4], "a zip archive", "Unpack it and give the files in it"),
        ("GGUF"u8.ToArray(), "a GGUF model", "Give a text"),
        (
            [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'],
            "a NumPy file",
            "Token ids are given with --calibration-tokens, --eval-tokens or --tokens"
        ),
        ("ARROW1"u8.ToArray(), "an Arrow file", "Write its column of texts as JSON lines"),
        ("%PDF-"u8.ToArray(), "a PDF file", "Extract its text"),
    ];

    /// <summary>Adds the documents of a file.</summary>
    /// <param name="path">The file: UTF-8 or UTF-16 text, JSON lines, a JSON array or object with texts; each as it is or compressed with
    /// gzip.</param>
    /// <param name="documents">Gets the documents, with line ends as Unix has them.</param>
    /// <param name="notes">Gets a sentence where the file's content is not what its name says.</param>
    /// <exception cref="InvalidInputException">It is missing, damaged, no text, or JSON without texts.</exception>
    public static void Read(string path, ICollection<string> documents, ICollection<string> notes)
    {
        ReadOnlySpan<byte> bytes = InputFile.ReadAllBytes(path, (sentence, inner) => new InvalidInputException(sentence, inner));
        string name = path;
        bool zipped = bytes.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]),
            namedZipped = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        if (zipped)
            bytes = GzipText.Unpack(path, bytes);
        else if (namedZipped)
            throw new InvalidInputException($"{path}: the file is no complete gzip file. Fetch it again, or give it another name.");
        if (namedZipped)
            name = path[..^3];
        foreach (var (magic, what, wayOut) in Others)
            if (bytes.StartsWith(magic))
                throw new InvalidInputException($"{path}: this is {what}, not text. {wayOut}.");

        var utf8 = ToUtf8(path, bytes, out bool isUtf16);
        var named =
            HasSuffix(name, ".jsonl") || HasSuffix(name, ".ndjson") ? TextForm.JsonLines
            : HasSuffix(name, ".json") ? TextForm.JsonObject
            : TextForm.PlainText;
        var form = JsonTexts.Add(path, utf8, named, documents, notes);
        if (form == TextForm.PlainText)
            documents.Add(UnixLines(Decode(path, utf8.Span, bytes.StartsWith("\uFEFF"u8) ? 3 : 0)));
        // A .json file may be any of the three.
        bool said = form == TextForm.PlainText || form == named || named == TextForm.JsonObject && form != TextForm.JsonLines;
        string[] unsaid =
        [
            .. said ? [] : (string[])[InWords(form)],
            .. zipped && !namedZipped ? (string[])["compressed with gzip"] : [],
            .. isUtf16 ? (string[])["UTF-16"] : [],
        ];
        if (unsaid.Length > 0)
            notes.Add($"{path}: read as {string.Join(", ", unsaid)}.");
    }

    private static string InWords(TextForm form) =>
        form switch
        {
            TextForm.JsonLines => "JSON lines, one document per line",
            TextForm.JsonArray => "a JSON array, one document per entry",
            _ => "a JSON object, one document",
        };

    private static bool HasSuffix(string name, string suffix) => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase);

    // Without a byte order mark.
    private static ReadOnlyMemory<byte> ToUtf8(string path, ReadOnlySpan<byte> bytes, out bool isUtf16)
    {
        isUtf16 = bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]);
        if (!isUtf16)
            return bytes[(bytes.StartsWith("\uFEFF"u8) ? 3 : 0)..].ToArray();
        try
        {
            return Encoding.UTF8.GetBytes(
                new UnicodeEncoding(bytes[0] == 0xFE, byteOrderMark: true, throwOnInvalidBytes: true).GetString(bytes[2..])
            );
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"{path}: the text is not valid UTF-16. Convert it to UTF-8.", e);
        }
    }

    // Messages count from the start of the file, with the mark there.
    private static string Decode(string path, ReadOnlySpan<byte> utf8, int skipped)
    {
        int zero = utf8.IndexOf((byte)0);
        if (zero >= 0)
            throw new InvalidInputException(
                $"{path}: byte {zero + skipped} of the text is 0, so this is no text in UTF-8. If it is UTF-16, convert it; else give a "
                    + $"text."
            );
        var text = new char[utf8.Length];
        var status = Utf8.ToUtf16(utf8, text, out int read, out int written, replaceInvalidSequences: false);
        return status == OperationStatus.Done
            ? new string(text, 0, written)
            : throw new InvalidInputException($"{path}: the text is not valid UTF-8 at byte {read + skipped}. Convert it to UTF-8.");
    }

    // As Python's text mode reads files, so that the same file gives the same tokens there and here.
    private static string UnixLines(string text) => text.Contains('\r') ? text.Replace("\r\n", "\n").Replace('\r', '\n') : text;
}
