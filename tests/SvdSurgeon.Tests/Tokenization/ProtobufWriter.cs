using System.Text;

namespace SvdSurgeon.Tests.Tokenization;

/// <summary>Writes SentencePiece model files for tests.</summary>
internal sealed class ProtobufWriter
{
    private readonly MemoryStream _bytes = new();

    public byte[] Bytes => _bytes.ToArray();

    public ProtobufWriter Integer(int field, long value)
    {
        Varint((ulong)(field << 3));
        Varint((ulong)value);
        return this;
    }

    public ProtobufWriter Single(int field, float value)
    {
        Varint((ulong)(field << 3) | 5);
        _bytes.Write(BitConverter.GetBytes(value));
        return this;
    }

    public ProtobufWriter Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    public ProtobufWriter Message(int field, byte[] bytes)
    {
        Varint((ulong)(field << 3) | 2);
        Varint((ulong)bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    private void Varint(ulong value)
    {
        for (; value > 127; value >>= 7)
            _bytes.WriteByte((byte)(value & 127 | 128));
        _bytes.WriteByte((byte)value);
    }
}
