using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>
/// An array in GGUF metadata, decoded when it is asked for: a vocabulary has some ten thousand texts that most callers do not need.
/// </summary>
internal sealed class GgufArray
{
    internal const uint TextType = 8,
        ArrayType = 9;
    private const int MaxDepth = 4;
    private readonly MappedFile _file;
    private readonly string _key;
    private readonly uint _type;
    private readonly long _offset;

    private GgufArray(MappedFile file, string key, uint type, ulong count, long offset)
    {
        (_file, _key, _type, _offset) = (file, key, type, offset);
        Count =
            count <= int.MaxValue
                ? (int)count
                : throw new InvalidModelException($"{file.FilePath}: metadata '{key}' claims {count} elements.");
    }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>The elements as texts.</summary>
    /// <exception cref="InvalidModelException">They are no texts, or one is not UTF-8.</exception>
    public string[] Texts()
    {
        if (_type != TextType)
            throw Wrong("texts");
        var cursor = new GgufCursor(_file, _offset);
        var texts = new string[Count];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = cursor.Text($"metadata '{_key}'");
        return texts;
    }

    /// <summary>Whether the elements are integers of any width.</summary>
    internal bool AreIntegers => _type is <= 5 or 10 or 11;

    /// <summary>The elements as 32-bit integers.</summary>
    /// <exception cref="InvalidModelException">They are no integers, or one does not fit.</exception>
    public int[] Integers()
    {
        var bytes = Bytes();
        var numbers = new int[Count];
        for (int i = 0; i < numbers.Length; i++)
        {
            long value = _type switch
            {
                0 => bytes[i],
                1 => (sbyte)bytes[i],
                2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]),
                3 => BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]),
                4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * i)..]),
                5 => BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]),
                10 or 11 => BinaryPrimitives.ReadInt64LittleEndian(bytes[(8 * i)..]),
                _ => throw Wrong("integers"),
            };
            numbers[i] = value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Wrong("integers of 32 bits");
        }
        return numbers;
    }

    /// <summary>The elements as float32.</summary>
    /// <exception cref="InvalidModelException">They are of another type.</exception>
    public float[] Singles() => _type == 6 ? MemoryMarshal.Cast<byte, float>(Bytes()).ToArray() : throw Wrong("float32 numbers");

    /// <summary>Bytes of a scalar type, 0 for texts, arrays and unknown types.</summary>
    internal static int SizeOf(uint type) =>
        type switch
        {
            0 or 1 or 7 => 1,
            2 or 3 => 2,
            4 or 5 or 6 => 4,
            10 or 11 or 12 => 8,
            _ => 0,
        };

    internal static GgufArray Read(ref GgufCursor cursor, MappedFile file, string key, int depth = 0)
    {
        string what = $"metadata '{key}'";
        uint type = cursor.UInt32(what);
        ulong count = cursor.UInt64(what);
        var array = new GgufArray(file, key, type, count, cursor.Position);
        if (SizeOf(type) is var size and > 0)
            cursor.Skip(count, size, what);
        else if (type == TextType)
            for (ulong i = 0; i < count; i++)
                cursor.TextBytes(what);
        else if (type == ArrayType && depth < MaxDepth)
            for (ulong i = 0; i < count; i++)
                Read(ref cursor, file, key, depth + 1);
        else
            throw new InvalidModelException(
                $"{file.FilePath}: {what} is an array of the unknown value type {type}. The file is damaged or too new."
            );
        return array;
    }

    private ReadOnlySpan<byte> Bytes()
    {
        int size = SizeOf(_type);
        if (size == 0)
            throw Wrong("numbers");
        return _file.Span(_offset, checked(Count * size));
    }

    private InvalidModelException Wrong(string expected) => new($"{_file.FilePath}: metadata '{_key}' is not an array of {expected}.");
}
