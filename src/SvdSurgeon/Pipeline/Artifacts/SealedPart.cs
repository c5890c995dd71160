using System.Globalization;
using System.Text;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>
/// A part of an artifact: a safetensors file whose metadata begins with the CRC-32C of the file itself, in eight hexadecimal digits that
/// count as zeros for it. A file is whole where the two agree.
/// </summary>
internal static class SealedPart
{
    private const string Key = "crc32c",
        Unsealed = "00000000";
    private static readonly byte[] BeforeDigits = Encoding.ASCII.GetBytes($$"""{"__metadata__":{"{{Key}}":""" + "\"");
    private static readonly int Digits = sizeof(long) + BeforeDigits.Length;

    /// <summary>Writes a part.</summary>
    /// <exception cref="IOException">The disk is full or cannot be written; nothing is left behind.</exception>
    public static void Write(string path, IEnumerable<TensorEntry> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = new OrderedDictionary<string, string> { [Key] = Unsealed };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            all.Add(key, value);
        SafeTensorsWriter.Write(path, tensors, all, Seal);
    }

    /// <summary>What is wrong with a part; null where it is whole.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string? Problem(string path)
    {
        using var stream = File.OpenRead(path);
        var start = new byte[Digits + Unsealed.Length];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length)
            return $"it has {stream.Length} bytes";
        if (
            !start.AsSpan(sizeof(long)).StartsWith(BeforeDigits)
            || !uint.TryParse(start.AsSpan(Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint stored)
        )
            return "it has no checksum";
        uint actual = Check(stream);
        return actual == stored ? null : $"its checksum is {stored:x8}, and {actual:x8} that of its bytes";
    }

    private static void Seal(FileStream stream)
    {
        uint check = Check(stream);
        stream.Position = Digits;
        stream.Write(Encoding.ASCII.GetBytes(check.ToString("x8", CultureInfo.InvariantCulture)));
        stream.Position = stream.Length;
    }

    private static uint Check(FileStream stream)
    {
        var check = new Crc32C();
        var buffer = new byte[1 << 20];
        stream.Position = 0;
        for (int read; (read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0; )
        {
            if (stream.Position == read)
                Encoding.ASCII.GetBytes(Unsealed, buffer.AsSpan(Digits));
            check.Add(buffer.AsSpan(0, read));
        }
        return check.Value;
    }
}
