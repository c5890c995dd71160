using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Unicode;

namespace SvdSurgeon.Calibration;

/// <summary>
/// Texts for calibration and evaluation: plain text, JSON lines with a <c>text</c> field, either of them compressed with gzip.
/// </summary>
public static class TextSource
{
    private const int MostBytes = 1 << 30;

    /// <summary>What stands between two documents.</summary>
    public const string Separator = "\n\n";

    /// <summary>All documents of all files, joined with an empty line, as the papers' programs do.</summary>
    /// <exception cref="InvalidInputException">A file is missing, not UTF-8, not gzip, or a line is no JSON object with a text; or there is
    /// no text at all.</exception>
    public static string Read(IEnumerable<string> paths) => string.Join(Separator, ReadDocuments(paths));

    /// <summary>The documents of the files in order: a plain text file is one, a .jsonl file has one a line.</summary>
    /// <exception cref="InvalidInputException">As for <see cref="Read"/>.</exception>
    public static IReadOnlyList<string> ReadDocuments(IEnumerable<string> paths)
    {
        var documents = new List<string>();
        var files = new List<string>();
        foreach (string path in paths)
        {
            files.Add(path);
            bool zipped = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
            ReadOnlySpan<byte> bytes = zipped ? Unzip(path, ReadAll(path)) : ReadAll(path);
            string name = zipped ? path[..^3] : path;
            if (name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase))
                AddLines(path, bytes, documents);
            else
                documents.Add(
                    UnixLines(Decode(path, bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes, bytes.StartsWith("\uFEFF"u8) ? 3 : 0))
                );
        }
        if (documents.All(string.IsNullOrWhiteSpace))
            throw new InvalidInputException($"{string.Join(", ", files)}: there is no text in it.");
        return documents;
    }

    // As Python's text mode reads files, so that the same file gives the same tokens there and here.
    private static string UnixLines(string text) => text.Contains('\r') ? text.Replace("\r\n", "\n").Replace('\r', '\n') : text;

    private static byte[] ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(
                e is FileNotFoundException or DirectoryNotFoundException
                    ? $"{path}: the file does not exist. Check the path."
                    : $"{path}: the file cannot be read ({e.Message.TrimEnd('.')}).",
                e
            );
        }
    }

    private static ReadOnlySpan<byte> Unzip(string path, byte[] packed)
    {
        var unpacked = new MemoryStream();
        try
        {
            using var stream = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            var chunk = new byte[1 << 16];
            while (stream.Read(chunk) is var count and > 0)
            {
                unpacked.Write(chunk, 0, count);
                if (unpacked.Length > MostBytes)
                    throw new InvalidInputException($"{path}: the text has more than {MostBytes} bytes. Give a part of it.");
            }
        }
        catch (InvalidDataException e)
        {
            throw Incomplete(path, e);
        }
        var text = unpacked.GetBuffer().AsSpan(0, (int)unpacked.Length);
        // The runtime takes a file that was cut for its end. A whole one ends in the checksum and length of its last member.
        if (packed.Length < 18)
            throw Incomplete(path);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(packed.Length - 8));
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(packed.Length - 4));
        if (length > text.Length || Crc32(text[^(int)length..]) != checksum)
            throw Incomplete(path);
        return text;
    }

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        Span<uint> table = stackalloc uint[256];
        for (uint i = 0; i < 256; i++)
        {
            table[(int)i] = i;
            for (int bit = 0; bit < 8; bit++)
                table[(int)i] = (table[(int)i] >> 1) ^ ((table[(int)i] & 1) * 0xEDB88320);
        }
        uint sum = uint.MaxValue;
        foreach (byte b in bytes)
            sum = (sum >> 8) ^ table[(int)((sum ^ b) & 255)];
        return ~sum;
    }

    private static InvalidInputException Incomplete(string path, Exception? inner = null) =>
        new($"{path}: the file is no complete gzip file. Fetch it again.", inner);

    private static void AddLines(string path, ReadOnlySpan<byte> bytes, List<string> documents)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        for (int line = 1; bytes.Length > 0; line++)
        {
            int end = bytes.IndexOf((byte)'\n');
            var text = (end < 0 ? bytes : bytes[..end]).Trim(" \t\r"u8);
            bytes = end < 0 ? [] : bytes[(end + 1)..];
            if (text.Length > 0)
                documents.Add(TextOf(path, line, text));
        }
    }

    private static string TextOf(string path, int line, ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            if (
                reader.BytesConsumed == json.Length
                && document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("text", out var text)
                && text.ValueKind == JsonValueKind.String
            )
                return text.GetString()!;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"{path}: line {line} is not valid JSON ({e.Message.TrimEnd('.')}).", e);
        }
        throw new InvalidInputException(
            $"{path}: line {line} is no JSON object with a string 'text'. Each line must look like {{\"text\": \"…\"}}."
        );
    }

    private static string Decode(string path, ReadOnlySpan<byte> bytes, int skipped)
    {
        var text = new char[bytes.Length];
        if (Utf8.ToUtf16(bytes, text, out int read, out int written, replaceInvalidSequences: false) != OperationStatus.Done)
            throw new InvalidInputException($"{path}: the text is not valid UTF-8 at byte {read + skipped}. Convert it to UTF-8.");
        return new string(text, 0, written);
    }
}
