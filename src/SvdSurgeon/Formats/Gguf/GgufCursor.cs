using System.Buffers.Binary;
using System.Text;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>Reads numbers and texts of a GGUF header one after the other, never beyond the end of the file.</summary>
internal ref struct GgufCursor(MappedFile file, long position = 0)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private long _position = position;

    public readonly long Position => _position;

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8, what));

    /// <summary>A text: its length in 8 bytes, then UTF-8.</summary>
    public string Text(string what)
    {
        var bytes = TextBytes(what);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidModelException($"{file.FilePath}: {what} is not valid UTF-8. The file is damaged; fetch it again.", e);
        }
    }

    /// <summary>The bytes of a text that may be skipped or decoded later.</summary>
    public ReadOnlySpan<byte> TextBytes(string what)
    {
        ulong length = UInt64(what);
        if (length > int.MaxValue)
            throw Ends(what);
        return Bytes((int)length, what);
    }

    public ReadOnlySpan<byte> Bytes(int count, string what)
    {
        if (count > file.Length - _position)
            throw Ends(what);
        var span = file.Span(_position, count);
        _position += count;
        return span;
    }

    /// <summary>Leaves out <paramref name="count"/> elements of <paramref name="size"/> bytes.</summary>
    public void Skip(ulong count, int size, string what)
    {
        if (count > (ulong)(file.Length - _position) / (ulong)size)
            throw Ends(what);
        _position += (long)count * size;
    }

    private readonly InvalidModelException Ends(string what) =>
        new(
            $"{file.FilePath}: the file has {file.Length} bytes and ends within {what}. The download is probably incomplete; fetch it "
                + $"again."
        );
}
