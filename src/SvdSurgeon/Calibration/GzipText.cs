using System.Buffers.Binary;
using System.IO.Compression;

namespace SvdSurgeon.Calibration;

/// <summary>Texts compressed with gzip.</summary>
internal static class GzipText
{
    private const int MostBytes = 1 << 30;

    /// <summary>The text.</summary>
    /// <exception cref="InvalidInputException">It is damaged, incomplete or too large.</exception>
    public static ReadOnlySpan<byte> Unpack(string path, ReadOnlySpan<byte> packed)
    {
        var unpacked = new MemoryStream();
        try
        {
            using var stream = new GZipStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
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
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(packed[^8..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(packed[^4..]);
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
}
