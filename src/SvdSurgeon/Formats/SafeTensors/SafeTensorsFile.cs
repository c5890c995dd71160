using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.SafeTensors;

/// <summary>
/// A memory-mapped safetensors file: 8 bytes header length, a JSON header {name: {dtype, shape, data_offsets}}, the data.
/// Everything that the header claims is checked against the file before a tensor is handed out.
/// </summary>
internal sealed class SafeTensorsFile : IDisposable
{
    private const long MaxHeaderBytes = 100_000_000;
    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafeTensorsFile(MappedFile file) => _file = file;

    /// <summary>Path of the file.</summary>
    public string FilePath => _file.FilePath;

    /// <summary>Bytes of the file.</summary>
    public long Length => _file.Length;

    /// <summary>Tensors by name, in the order of the header; views into the mapping.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>The header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="InvalidModelException">The file is damaged: header too long or not JSON, offsets that overlap, leave gaps or
    /// leave the file, sizes that do not fit the shape, a name twice, an unknown type.</exception>
    public static SafeTensorsFile Open(string path)
    {
        var mapped = new MappedFile(path);
        try
        {
            var file = new SafeTensorsFile(mapped);
            file.ReadHeader();
            return file;
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    /// <summary>The tensor called <paramref name="name"/>.</summary>
    /// <exception cref="InvalidModelException">There is none.</exception>
    public StoredTensor this[string name] =>
        _tensors.TryGetValue(name, out var tensor) ? tensor : throw new InvalidModelException($"{FilePath}: there is no tensor '{name}'.");

    /// <summary>Unmaps the file; its tensors cannot be read any more.</summary>
    public void Dispose() => _file.Dispose();

    private void ReadHeader()
    {
        if (_file.Length < 8)
            throw Damaged(
                $"the file has {_file.Length} bytes, too few for a safetensors header. The download is probably incomplete; fetch it again."
            );
        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(_file.Span(0, 8));
        if (headerBytes > MaxHeaderBytes)
            throw Damaged(
                $"the header claims {headerBytes} bytes, more than the {MaxHeaderBytes} allowed. This is not a safetensors file."
            );
        if ((long)headerBytes > _file.Length - 8)
            throw Damaged(
                $"the header ends at byte {8 + headerBytes}, the file has {_file.Length}. The download is probably incomplete; fetch it "
                    + $"again."
            );
        var json = _file.Span(8, (int)headerBytes);
        if (!Utf8.IsValid(json))
            throw Damaged("the header is not valid UTF-8. The file is damaged; fetch it again.");

        var ranges = new List<(long Begin, long End, string Name)>();
        string current = "";
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            Expect(ref reader, JsonTokenType.StartObject, "the header is not a JSON object");
            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                current = reader.GetString()!;
                if (!seen.Add(current))
                    throw Damaged($"the name '{current}' appears twice in the header.");
                reader.Read();
                if (current == "__metadata__")
                    ReadMetadata(ref reader);
                else
                    ranges.Add(ReadEntry(ref reader, current, 8 + (long)headerBytes));
            }
            if (reader.Read())
                throw Damaged("there is text after the header's closing brace.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // InvalidOperationException: a value of another kind than asked for, or a lone surrogate
            string where = current.Length == 0 ? "" : $" near '{current}'";
            throw new InvalidModelException(
                $"{FilePath}: the header is not valid JSON{where} ({e.Message}). The file is damaged; fetch it again.",
                e
            );
        }
        CheckRanges(ranges, _file.Length - 8 - (long)headerBytes);
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "'__metadata__' is not a JSON object");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            reader.Read();
            Expect(ref reader, JsonTokenType.String, $"'__metadata__' holds '{key}', which is not a string");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw Damaged($"the key '{key}' appears twice in '__metadata__'.");
        }
    }

    private (long Begin, long End, string Name) ReadEntry(ref Utf8JsonReader reader, string name, long dataStart)
    {
        Expect(ref reader, JsonTokenType.StartObject, $"tensor '{name}' is not a JSON object");
        string? typeName = null;
        long[]? shape = null,
            offsets = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            reader.Read();
            bool again = key switch
            {
                "dtype" => Replace(ref typeName, reader.GetString()!),
                "shape" => Replace(ref shape, ReadNumbers(ref reader, name, key)),
                "data_offsets" => Replace(ref offsets, ReadNumbers(ref reader, name, key)),
                _ => throw Damaged($"tensor '{name}' has an unknown key '{key}'."),
            };
            if (again)
                throw Damaged($"tensor '{name}' has '{key}' twice.");
        }
        if (typeName is null || shape is null || offsets is null)
            throw Damaged($"tensor '{name}' lacks dtype, shape or data_offsets.");
        if (offsets.Length != 2)
            throw Damaged($"tensor '{name}' has {offsets.Length} data_offsets instead of 2.");
        if (!SafeTensorsTypes.TryParse(typeName, out DType type))
            throw Damaged($"tensor '{name}' has the type '{typeName}', which is not supported. Supported: {SafeTensorsTypes.Names}.");

        var (begin, end) = (offsets[0], offsets[1]);
        long available = _file.Length - dataStart;
        if (begin > end)
            throw Damaged($"tensor '{name}' begins at offset {begin}, after its end {end}.");
        if (end > available)
            throw Damaged(
                $"tensor '{name}' ends at byte {(Int128)dataStart + end}, the file has {_file.Length}. The download is probably "
                    + $"incomplete; fetch it again."
            );
        long bytes = TensorShape.ByteLength(FilePath, name, type, shape);
        if (bytes != end - begin)
            throw Damaged(
                $"tensor '{name}' of type {typeName} and shape {TensorShape.Format(shape)} needs {bytes} bytes, its offsets span "
                    + $"{end - begin}."
            );
        _tensors.Add(name, new StoredTensor(name, type, shape, _file.Address + (nint)(dataStart + begin), _file, FilePath));
        return (begin, end, name);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string key)
    {
        Expect(ref reader, JsonTokenType.StartArray, $"tensor '{name}': {key} is not an array");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || value < 0)
                throw Damaged($"tensor '{name}': {key} holds something that is not a non-negative integer.");
            numbers.Add(value);
        }
        return [.. numbers];
    }

    private void CheckRanges(List<(long Begin, long End, string Name)> ranges, long dataBytes)
    {
        ranges.Sort();
        long position = 0;
        foreach (var (begin, end, name) in ranges)
        {
            if (begin < position)
                throw Damaged($"tensor '{name}' overlaps the one before it: it begins at offset {begin}, the other ends at {position}.");
            if (begin > position)
                throw Damaged($"there is a gap of {begin - position} bytes before tensor '{name}'. The file is damaged.");
            position = end;
        }
        if (position != dataBytes)
            throw Damaged($"{dataBytes - position} bytes follow the last tensor. The file is damaged or was changed after it was written.");
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string otherwise)
    {
        if (reader.TokenType != type)
            throw Damaged(otherwise + ". The file is damaged; fetch it again.");
    }

    private static bool Replace<T>(ref T? slot, T value)
        where T : class
    {
        bool again = slot is not null;
        slot = value;
        return again;
    }

    private InvalidModelException Damaged(string what) => new($"{FilePath}: {what}");
}
