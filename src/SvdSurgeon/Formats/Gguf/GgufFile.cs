using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>A memory-mapped GGUF file, version 2 or 3, little endian: typed metadata and tensors under GGUF's own names.</summary>
internal sealed class GgufFile : IDisposable
{
    private const int MaxAxes = 4;
    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private GgufFile(MappedFile file)
    {
        _file = file;
        Metadata = new GgufMetadata(file);
    }

    /// <summary>Path of the file.</summary>
    public string FilePath => _file.FilePath;

    /// <summary>Bytes of the file.</summary>
    public long Length => _file.Length;

    /// <summary>2 or 3.</summary>
    public int Version { get; private set; }

    /// <summary>The key-value pairs; arrays are decoded when they are asked for.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Tensors by GGUF name, axes outermost first (the file has them the other way round), rows in the file's order.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>Maps a file and checks everything but the numbers.</summary>
    /// <exception cref="InvalidModelException">The file is no GGUF file, damaged, incomplete, or uses a version or type that is not
    /// supported.</exception>
    public static GgufFile Open(string path)
    {
        var mapped = new MappedFile(path);
        try
        {
            var file = new GgufFile(mapped);
            file.Read();
            return file;
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the file; its tensors and metadata cannot be read any more.</summary>
    public void Dispose() => _file.Dispose();

    private void Read()
    {
        var cursor = new GgufCursor(_file);
        if (_file.Length < 4 || cursor.UInt32("the magic") != 0x46554747)
            throw Damaged("this is no GGUF file (its first bytes are not 'GGUF').");
        uint version = cursor.UInt32("the version");
        if (version > 0xFFFF)
            throw Damaged("the file is big-endian GGUF, which is not supported. Take a little-endian file.");
        if (version is not (2 or 3))
            throw Damaged($"GGUF version {version} is not supported. Supported: 2, 3.");
        Version = (int)version;
        ulong tensorCount = cursor.UInt64("the number of tensors"),
            pairs = cursor.UInt64("the number of metadata entries");
        // The smallest entries take this many bytes; a larger count cannot be true and must not be looped over.
        if (pairs > (ulong)_file.Length / 13)
            throw Damaged($"{pairs} metadata entries do not fit into {_file.Length} bytes. The file is damaged.");
        if (tensorCount > (ulong)_file.Length / 24)
            throw Damaged($"{tensorCount} tensors do not fit into {_file.Length} bytes. The file is damaged.");
        for (ulong i = 0; i < pairs; i++)
            Metadata.ReadEntry(ref cursor);

        long alignment = Metadata.Integer("general.alignment") ?? 32;
        if (alignment < 1 || alignment > 1 << 20 || (alignment & (alignment - 1)) != 0)
            throw Damaged($"general.alignment is {alignment}, which is no power of two.");
        var entries = new List<GgufEntry>();
        for (ulong i = 0; i < tensorCount; i++)
            entries.Add(ReadEntry(ref cursor));
        Place(entries, (cursor.Position + alignment - 1) / alignment * alignment, alignment);
    }

    private GgufEntry ReadEntry(ref GgufCursor cursor)
    {
        string name = cursor.Text("a tensor's name");
        uint axes = cursor.UInt32(name);
        if (axes is 0 or > MaxAxes)
            throw Damaged($"tensor '{name}' has {axes} axes; GGUF tensors have 1 to {MaxAxes}.");
        var shape = new long[axes];
        for (int i = (int)axes - 1; i >= 0; i--)
        {
            ulong axis = cursor.UInt64(name);
            shape[i] = axis <= long.MaxValue ? (long)axis : throw Damaged($"tensor '{name}' has an axis of {axis}. The file is damaged.");
        }
        DType type = GgufTypes.Parse(cursor.UInt32(name), FilePath, name);
        ulong offset = cursor.UInt64(name);
        if (offset > long.MaxValue)
            throw Damaged($"tensor '{name}' begins at offset {offset}, far outside the file.");
        return new GgufEntry(name, type, shape, (long)offset, TensorShape.ByteLength(FilePath, name, type, shape));
    }

    private void Place(List<GgufEntry> entries, long dataStart, long alignment)
    {
        foreach (var entry in entries)
        {
            if (entry.Offset % alignment != 0)
                throw Damaged($"tensor '{entry.Name}' begins at offset {entry.Offset}, which is no multiple of {alignment}.");
            Int128 end = (Int128)dataStart + entry.Offset + entry.Bytes;
            if (end > _file.Length)
                throw Damaged(
                    $"tensor '{entry.Name}' ends at byte {end}, the file has {_file.Length}. The download is probably incomplete; fetch "
                        + $"it again."
                );
            var tensor = new StoredTensor(
                entry.Name,
                entry.Type,
                entry.Shape,
                _file.Address + (nint)(dataStart + entry.Offset),
                _file,
                FilePath
            );
            if (!_tensors.TryAdd(entry.Name, tensor))
                throw Damaged($"tensor '{entry.Name}' appears twice.");
        }
        long position = 0;
        foreach (var entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Bytes))
        {
            if (entry.Offset < position)
                throw Damaged($"tensor '{entry.Name}' overlaps the one before it.");
            position = entry.Offset + entry.Bytes;
        }
    }

    private InvalidModelException Damaged(string what) => new($"{FilePath}: {what}");

    private sealed record GgufEntry(string Name, DType Type, long[] Shape, long Offset, long Bytes);
}
