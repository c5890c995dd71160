using System.Buffers.Binary;
using System.Collections;
using System.Diagnostics.CodeAnalysis;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>The typed key-value pairs of a GGUF file. Scalars are there at once, texts and arrays are decoded when asked for.</summary>
/// <remarks>As a dictionary it yields bool, long, ulong, double or string for scalars and <see cref="GgufArray"/> for arrays.</remarks>
internal sealed class GgufMetadata : IReadOnlyDictionary<string, object>
{
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Start, int Length)> _places = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly MappedFile _file;

    internal GgufMetadata(MappedFile file) => _file = file;

    /// <inheritdoc/>
    public object this[string key] =>
        Read(key, out var value) ? value : throw new InvalidModelException($"{_file.FilePath}: the metadata has no '{key}'.");

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _values.Keys;

    /// <inheritdoc/>
    public IEnumerable<object> Values => _values.Values;

    /// <inheritdoc/>
    public int Count => _values.Count;

    /// <inheritdoc/>
    public bool ContainsKey(string key) => Read(key, out _);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out object value) => Read(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object>> GetEnumerator() => _values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The text under <paramref name="key"/>, or null where there is none.</summary>
    /// <exception cref="InvalidModelException">The value is of another kind.</exception>
    public string? Text(string key) => !Read(key, out var value) ? null : value as string ?? throw Wrong(key, "a text");

    /// <summary>The integer (of any width) under <paramref name="key"/>, or null where there is none.</summary>
    /// <exception cref="InvalidModelException">The value is of another kind.</exception>
    public long? Integer(string key) =>
        !Read(key, out var value)
            ? null
            : value switch
            {
                long signed => signed,
                ulong unsigned and <= long.MaxValue => (long)unsigned,
                _ => throw Wrong(key, "an integer"),
            };

    /// <summary>The number under <paramref name="key"/>, or null where there is none.</summary>
    /// <exception cref="InvalidModelException">The value is of another kind.</exception>
    public double? Number(string key) =>
        !Read(key, out var value)
            ? null
            : value switch
            {
                double number when double.IsFinite(number) => number,
                long signed => signed,
                ulong unsigned => unsigned,
                _ => throw Wrong(key, "a finite number"),
            };

    /// <summary>The flag under <paramref name="key"/>, or null where there is none.</summary>
    /// <exception cref="InvalidModelException">The value is of another kind.</exception>
    public bool? Flag(string key) => !Read(key, out var value) ? null : value as bool? ?? throw Wrong(key, "true or false");

    /// <summary>The texts of an array, or null where there is none.</summary>
    /// <exception cref="InvalidModelException">The value is no array of texts, or one of them is not UTF-8.</exception>
    public string[]? Texts(string key) => Array(key)?.Texts();

    /// <summary>The integers of an array, or null where there is none.</summary>
    /// <exception cref="InvalidModelException">The value is no array of integers that fit 32 bits.</exception>
    public int[]? Integers(string key) => Array(key)?.Integers();

    /// <summary>The numbers of an array, or null where there is none.</summary>
    /// <exception cref="InvalidModelException">The value is no array of float32.</exception>
    public float[]? Singles(string key) => Array(key)?.Singles();

    private GgufArray? Array(string key) => !Read(key, out var value) ? null : value as GgufArray ?? throw Wrong(key, "an array");

    /// <summary>Sentences about keys that nobody asked for and that are not known to be without effect.</summary>
    /// <param name="architecture">general.architecture.</param>
    /// <param name="tokenizer">About the tokenizer's keys, or about all others.</param>
    internal IEnumerable<string> WarningsOfUnread(string architecture, bool tokenizer) =>
        _values
            .Keys.Where(key => key.StartsWith("tokenizer.", StringComparison.Ordinal) == tokenizer)
            .Where(key => !_read.Contains(key) && !GgufKeysWithoutEffect.Contains(key, architecture))
            .Select(key =>
                $"{_file.FilePath}: metadata '{key}' is unknown here and is not used. If it changes what the model computes, the results "
                + $"are wrong."
            );

    private bool Read(string key, [MaybeNullWhen(false)] out object value)
    {
        _read.Add(key);
        return _values.TryGetValue(key, out value);
    }

    /// <summary>Value type and value of an entry as the file has them.</summary>
    internal ReadOnlySpan<byte> Stored(string key)
    {
        var (start, length) = _places[key];
        return _file.Span(start, length);
    }

    internal void ReadEntry(ref GgufCursor cursor)
    {
        string key = cursor.Text("a metadata key");
        string what = $"metadata '{key}'";
        long start = cursor.Position;
        uint type = cursor.UInt32(what);
        object value = type switch
        {
            GgufArray.TextType => cursor.Text(what),
            GgufArray.ArrayType => GgufArray.Read(ref cursor, _file, key),
            _ when GgufArray.SizeOf(type) is { } size and > 0 => Scalar(type, cursor.Bytes(size, what)),
            _ => throw new InvalidModelException(
                $"{_file.FilePath}: {what} has the unknown value type {type}. The file is damaged or too new."
            ),
        };
        if (!_values.TryAdd(key, value))
            throw new InvalidModelException($"{_file.FilePath}: {what} appears twice.");
        _places[key] = (start, checked((int)(cursor.Position - start)));
    }

    private static object Scalar(uint type, ReadOnlySpan<byte> bytes) =>
        type switch
        {
            0 => (ulong)bytes[0],
            1 => (long)(sbyte)bytes[0],
            2 => (ulong)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            3 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            4 => (ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            5 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            6 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            7 => bytes[0] != 0,
            10 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            11 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes), // 12, the last that SizeOf knows
        };

    private InvalidModelException Wrong(string key, string expected) => new($"{_file.FilePath}: metadata '{key}' is not {expected}.");
}
