using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>Builds the key-value pairs of a GGUF file, each with the value type that its readers ask for.</summary>
/// <remarks>The layout and the type numbers are those of ggml's docs/gguf.md, version 3.</remarks>
internal sealed class GgufMetadataBuilder
{
    private const uint UInt32Type = 4,
        Int32Type = 5,
        SingleType = 6,
        FlagType = 7,
        TextType = 8,
        ArrayType = 9;

    private readonly MemoryStream _bytes = new();
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    /// <summary>Number of pairs.</summary>
    public int Count => _keys.Count;

    /// <summary>True when <paramref name="key"/> was added.</summary>
    public bool Contains(string key) => _keys.Contains(key);

    /// <summary>Adds a text.</summary>
    public void Add(string key, string value)
    {
        Begin(key, TextType);
        Text(value);
    }

    /// <summary>Adds a count or an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public void Add(string key, int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Begin(key, UInt32Type);
        UInt32((uint)value);
    }

    /// <summary>Adds a number, rounded to float32.</summary>
    public void Add(string key, double value)
    {
        Begin(key, SingleType);
        UInt32(BitConverter.SingleToUInt32Bits((float)value));
    }

    /// <summary>Adds a flag.</summary>
    public void Add(string key, bool value)
    {
        Begin(key, FlagType);
        _bytes.WriteByte(value ? (byte)1 : (byte)0);
    }

    /// <summary>Adds a list of texts.</summary>
    public void Add(string key, IReadOnlyCollection<string> values)
    {
        BeginArray(key, TextType, values.Count);
        foreach (string value in values)
            Text(value);
    }

    /// <summary>Adds a list of float32 numbers.</summary>
    public void Add(string key, ReadOnlySpan<float> values)
    {
        BeginArray(key, SingleType, values.Length);
        _bytes.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Adds a list of 32-bit integers.</summary>
    public void Add(string key, ReadOnlySpan<int> values)
    {
        BeginArray(key, Int32Type, values.Length);
        _bytes.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Adds a pair as another file has it: value type and value, byte for byte.</summary>
    public void AddStored(string key, ReadOnlySpan<byte> typeAndValue)
    {
        Key(key);
        _bytes.Write(typeAndValue);
    }

    /// <summary>Writes all pairs, in the order in which they were added.</summary>
    public void WriteTo(Stream stream) => _bytes.WriteTo(stream);

    private void BeginArray(string key, uint elementType, int count)
    {
        Begin(key, ArrayType);
        UInt32(elementType);
        UInt64((ulong)count);
    }

    private void Begin(string key, uint type)
    {
        Key(key);
        UInt32(type);
    }

    private void Key(string key)
    {
        if (!_keys.Add(key))
            throw new ArgumentException($"Metadata '{key}' is added twice.", nameof(key));
        Text(key);
    }

    private void Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        UInt64((ulong)utf8.Length);
        _bytes.Write(utf8);
    }

    private void UInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.Write(bytes);
    }

    private void UInt64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _bytes.Write(bytes);
    }
}
