using System.Buffers.Binary;
using System.Text;

namespace SvdSurgeon.Formats.Onnx;

/// <summary>
/// Writes one protobuf message field by field: as much of the wire format as ONNX needs. A field is a varint of (number · 8 + wire type),
/// then a varint (type 0), four bytes (type 5), or a length and that many bytes (type 2: text, bytes, messages).
/// </summary>
/// <remarks>https://protobuf.dev/programming-guides/encoding. Varints hold seven bits per byte, lowest first; negative numbers take
/// ten.</remarks>
internal sealed class ProtobufWriter
{
    private const int WireVarint = 0;
    private const int WireLength = 2;
    private const int WireFourBytes = 5;

    private readonly MemoryStream _bytes = new();

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Written => _bytes.GetBuffer().AsSpan(0, (int)_bytes.Length);

    /// <summary>An integer, as int32, int64 and enum fields have it.</summary>
    public void Integer(int field, long value)
    {
        Tag(field, WireVarint);
        Varint((ulong)value);
    }

    /// <summary>A float field.</summary>
    public void Single(int field, float value)
    {
        Tag(field, WireFourBytes);
        Span<byte> four = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(four, value);
        _bytes.Write(four);
    }

    /// <summary>A string field, UTF-8.</summary>
    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A bytes field.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, WireLength);
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    /// <summary>A field that is a message of its own, which <paramref name="fill"/> writes.</summary>
    public void Message(int field, Action<ProtobufWriter> fill)
    {
        var message = new ProtobufWriter();
        fill(message);
        Bytes(field, message.Written);
    }

    private void Tag(int field, int wireType) => Varint(((ulong)field << 3) | (uint)wireType);

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.WriteByte((byte)(value | 0x80));
        _bytes.WriteByte((byte)value);
    }
}
