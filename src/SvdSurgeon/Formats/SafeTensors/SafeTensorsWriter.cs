using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.SafeTensors;

/// <summary>Writes safetensors files one tensor at a time, so that a model is never in memory as a whole.</summary>
internal static class SafeTensorsWriter
{
    /// <summary>Bytes of a shard where nothing else is said: 5 GB, as Hugging Face does.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Indented = Compact with { Indented = true, NewLine = "\n" };

    /// <summary>Writes one file: temporary name, flush, rename.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">What to write. The file keeps this order, wider types first, so that every tensor is aligned.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">A name appears twice.</exception>
    /// <exception cref="InvalidOperationException">An entry wrote another number of bytes than its shape needs.</exception>
    /// <exception cref="IOException">The disk is full or the file cannot be written; nothing is left behind.</exception>
    public static void Write(string path, IEnumerable<TensorEntry> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, tensors, metadata, _ => { });

    /// <inheritdoc cref="Write(string, IEnumerable{TensorEntry}, IReadOnlyDictionary{string, string}?)"/>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">What to write.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>, in their order.</param>
    /// <param name="seal">Called when everything is written, before the file gets its name.</param>
    internal static void Write(
        string path,
        IEnumerable<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata,
        Action<FileStream> seal
    )
    {
        var ordered = Ordered(tensors);
        var header = Header(ordered, metadata);
        long total = header.Length + ordered.Sum(entry => entry.ByteLength);
        AtomicFile.Write(
            path,
            stream =>
            {
                stream.Write(header);
                long position = header.Length;
                foreach (var entry in ordered)
                {
                    entry.WriteTo(stream);
                    position += entry.ByteLength;
                    if (stream.Position != position)
                        throw new InvalidOperationException(
                            $"Tensor '{entry.Name}' needs {entry.ByteLength} bytes, {stream.Position - position + entry.ByteLength} were "
                                + $"written."
                        );
                }
                seal(stream);
            },
            total
        );
    }

    /// <summary>
    /// Writes model.safetensors into a folder, or shards and model.safetensors.index.json where one file would exceed the limit.
    /// </summary>
    /// <returns>The names of the weight files, in order.</returns>
    /// <exception cref="IOException">As for one file.</exception>
    public static IReadOnlyList<string> WriteSharded(
        string folder,
        IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        long maxShardBytes = DefaultShardBytes
    )
    {
        var shards = Shards(tensors, maxShardBytes);
        if (shards.Count == 1)
        {
            Write(Path.Combine(folder, "model.safetensors"), tensors, metadata);
            return ["model.safetensors"];
        }
        string[] names = [.. shards.Select((_, i) => $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors")];
        for (int i = 0; i < names.Length; i++)
            Write(Path.Combine(folder, names[i]), shards[i], metadata);
        AtomicFile.Write(Path.Combine(folder, "model.safetensors.index.json"), stream => WriteIndex(stream, shards, names));
        return names;
    }

    /// <summary>Bytes of the weight files that <see cref="WriteSharded"/> would write; entries are not asked for their numbers.</summary>
    public static long ShardedBytes(
        IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        long maxShardBytes = DefaultShardBytes
    ) => Shards(tensors, maxShardBytes).Sum(shard => Header(Ordered(shard), metadata).Length + shard.Sum(entry => entry.ByteLength));

    // Wider types first, so that every tensor is aligned.
    private static TensorEntry[] Ordered(IEnumerable<TensorEntry> tensors) =>
        [.. tensors.OrderByDescending(entry => entry.Type.Block().Bytes)];

    private static List<List<TensorEntry>> Shards(IReadOnlyList<TensorEntry> tensors, long maxShardBytes)
    {
        var shards = new List<List<TensorEntry>> { new() };
        long used = 0;
        foreach (var entry in tensors)
        {
            if (used > 0 && used + entry.ByteLength > maxShardBytes)
            {
                shards.Add([]);
                used = 0;
            }
            shards[^1].Add(entry);
            used += entry.ByteLength;
        }
        return shards;
    }

    private static byte[] Header(TensorEntry[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Compact))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            var names = new HashSet<string>(StringComparer.Ordinal);
            long offset = 0;
            foreach (var entry in tensors)
            {
                if (!names.Add(entry.Name))
                    throw new ArgumentException($"Tensor '{entry.Name}' is to be written twice.", nameof(tensors));
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", SafeTensorsTypes.NameOf(entry.Type));
                json.WriteStartArray("shape");
                foreach (long axis in entry.Shape)
                    json.WriteNumberValue(axis);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += entry.ByteLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        int padded = (buffer.WrittenCount + 7) / 8 * 8; // the data starts at a multiple of 8
        var header = new byte[8 + padded];
        BinaryPrimitives.WriteInt64LittleEndian(header, padded);
        header.AsSpan(8).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header.AsSpan(8));
        return header;
    }

    private static void WriteIndex(Stream stream, List<List<TensorEntry>> shards, string[] names)
    {
        using var json = new Utf8JsonWriter(stream, Indented);
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", shards.Sum(shard => shard.Sum(entry => entry.ByteLength)));
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        for (int i = 0; i < names.Length; i++)
            foreach (var entry in shards[i])
                json.WriteString(entry.Name, names[i]);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
