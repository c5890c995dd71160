using System.Text;
using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>Writes GGUF files, version 3, little endian: temporary name, flush, rename.</summary>
internal static class GgufFileWriter
{
    private const int Alignment = 32;

    /// <summary>Writes one file.</summary>
    /// <param name="path">The file to create.</param>
    /// <param name="metadata">The key-value pairs.</param>
    /// <param name="tensors">Tensors under GGUF names, in the order of the file; axes outermost first (the file has them the other way
    /// round).</param>
    /// <param name="cancellation">Looked at between tensors; nothing is left behind.</param>
    /// <exception cref="ArgumentException">A name appears twice.</exception>
    /// <exception cref="InvalidOperationException">An entry wrote another number of bytes than its shape needs.</exception>
    /// <exception cref="IOException">The disk is full or the file cannot be written; nothing is left behind.</exception>
    public static void Write(
        string path,
        GgufMetadataBuilder metadata,
        IReadOnlyList<TensorEntry> tensors,
        CancellationToken cancellation = default
    )
    {
        byte[] header = Header(metadata, tensors);
        AtomicFile.Write(
            path,
            stream =>
            {
                stream.Write(header);
                foreach (var tensor in tensors)
                {
                    cancellation.ThrowIfCancellationRequested();
                    long start = stream.Position;
                    tensor.WriteTo(stream);
                    if (stream.Position - start != tensor.ByteLength)
                        throw new InvalidOperationException(
                            $"Tensor '{tensor.Name}' needs {tensor.ByteLength} bytes, {stream.Position - start} were written."
                        );
                    stream.Write(new byte[Aligned(tensor.ByteLength) - tensor.ByteLength]);
                }
            },
            Bytes(header, tensors)
        );
    }

    /// <summary>Bytes of the file that <see cref="Write"/> would write; entries are not asked for their numbers.</summary>
    public static long Bytes(GgufMetadataBuilder metadata, IReadOnlyList<TensorEntry> tensors) => Bytes(Header(metadata, tensors), tensors);

    private static long Bytes(byte[] header, IReadOnlyList<TensorEntry> tensors) =>
        header.Length + tensors.Sum(tensor => Aligned(tensor.ByteLength));

    private static byte[] Header(GgufMetadataBuilder metadata, IReadOnlyList<TensorEntry> tensors)
    {
        var header = new MemoryStream();
        using var writer = new BinaryWriter(header, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        writer.Flush();
        metadata.WriteTo(header);
        var names = new HashSet<string>(StringComparer.Ordinal);
        long offset = 0;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"Tensor '{tensor.Name}' is to be written twice.", nameof(tensors));
            byte[] name = Encoding.UTF8.GetBytes(tensor.Name);
            writer.Write((ulong)name.Length);
            writer.Write(name);
            writer.Write((uint)tensor.Shape.Count);
            foreach (long axis in tensor.Shape.Reverse())
                writer.Write((ulong)axis);
            writer.Write(GgufTypes.NumberOf(tensor.Type));
            writer.Write((ulong)offset);
            offset += Aligned(tensor.ByteLength);
        }
        writer.Flush();
        header.Write(new byte[Aligned(header.Length) - header.Length]);
        return header.ToArray();
    }

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
