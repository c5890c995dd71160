using System.Buffers.Binary;
using System.Text;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Reads the fields of one protobuf message, in order. A nested message is read by a reader over its bytes.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;
    private ReadOnlySpan<byte> _value;
    private ulong _number;

    /// <summary>Number of the field that was read.</summary>
    public int Field { get; private set; }

    /// <summary>The field's value as an integer.</summary>
    public readonly long Integer => (long)_number;

    /// <summary>The field's value as true or false.</summary>
    public readonly bool Flag => _number != 0;

    /// <summary>The field's value as a 32-bit float.</summary>
    public readonly float Single => BitConverter.UInt32BitsToSingle((uint)_number);

    /// <summary>The field's value as bytes or a nested message.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _value;

    /// <summary>The field's value as text.</summary>
    public readonly string Text => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(_value);

    /// <summary>Reads the next field; false at the end.</summary>
    /// <exception cref="FormatException">The bytes are not protobuf.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty)
            return false;
        var tag = ReadVarint();
        Field = (int)(tag >> 3);
        _value = default;
        switch (tag & 7)
        {
            case 0:
                _number = ReadVarint();
                break;
            case 1:
                _number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 5:
                _number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case 2:
                _value = Take(ReadVarint());
                break;
            default:
                throw new FormatException($"field {Field} has the wire type {tag & 7}.");
        }
        return true;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw new FormatException($"field {Field} is longer than its message.");
        var bytes = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return bytes;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw new FormatException("a number is too long.");
    }
}
