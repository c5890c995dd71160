using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.Onnx;

/// <summary>
/// Writes a graph as an ONNX model: model.onnx, a ModelProto, and model.onnx.data, the numbers of its constants one after the other, each
/// from a multiple of 64 bytes. Constants are written one at a time, so that a model is never in memory as a whole.
/// </summary>
/// <remarks>Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).</remarks>
internal static class OnnxModelFile
{
    /// <summary>Name of the model.</summary>
    public const string FileName = "model.onnx";

    /// <summary>Name of the file with its numbers.</summary>
    public const string DataName = "model.onnx.data";

    private const int Alignment = 64;
    private const int IrVersion = 10;
    private const int OnnxOperators = 22;
    private const int RuntimeOperators = 1;
    private const int ExternalLocation = 1;

    /// <summary>Writes both files into <paramref name="folder"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="folder">An existing folder.</param>
    /// <param name="cancellation">Checked between constants.</param>
    /// <exception cref="NumericalException">A number is not finite, or too large for its type.</exception>
    /// <exception cref="IOException">The disk is full or the folder cannot be written.</exception>
    public static void Write(OnnxGraph graph, string folder, CancellationToken cancellation)
    {
        var offsets = new Dictionary<string, long>(StringComparer.Ordinal);
        long end = 0;
        foreach (var initializer in graph.Initializers.Where(initializer => !initializer.Inline))
        {
            offsets[initializer.Name] = end = Aligned(end);
            end += initializer.ByteLength;
        }
        AtomicFile.Write(Path.Combine(folder, DataName), stream => WriteData(graph, offsets, stream, cancellation), end);
        var model = new ProtobufWriter();
        WriteModel(model, graph, offsets);
        AtomicFile.Write(Path.Combine(folder, FileName), stream => stream.Write(model.Written), model.Written.Length);
    }

    /// <summary>Bytes of the data file.</summary>
    public static long DataBytes(OnnxGraph graph) =>
        graph
            .Initializers.Where(initializer => !initializer.Inline)
            .Aggregate(0L, (end, initializer) => Aligned(end) + initializer.ByteLength);

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private static void WriteData(OnnxGraph graph, Dictionary<string, long> offsets, Stream stream, CancellationToken cancellation)
    {
        Span<byte> padding = stackalloc byte[Alignment];
        padding.Clear();
        foreach (var initializer in graph.Initializers.Where(initializer => !initializer.Inline))
        {
            cancellation.ThrowIfCancellationRequested();
            long start = offsets[initializer.Name];
            stream.Write(padding[..(int)(start - stream.Position)]);
            initializer.WriteTo(stream);
            if (stream.Position != start + initializer.ByteLength)
                throw new InvalidOperationException(
                    $"Constant '{initializer.Name}' needs {initializer.ByteLength} bytes, {stream.Position - start} were written."
                );
        }
    }

    private static void WriteModel(ProtobufWriter writer, OnnxGraph graph, Dictionary<string, long> offsets)
    {
        writer.Integer(1, IrVersion);
        writer.Text(2, "svdsurgeon");
        writer.Text(3, typeof(OnnxModelFile).Assembly.GetName().Version?.ToString(3) ?? "");
        writer.Message(7, message => WriteGraph(message, graph, offsets));
        writer.Message(8, operators => WriteOperatorSet(operators, "", OnnxOperators));
        writer.Message(8, operators => WriteOperatorSet(operators, "com.microsoft", RuntimeOperators));
    }

    private static void WriteOperatorSet(ProtobufWriter writer, string domain, int version)
    {
        writer.Text(1, domain);
        writer.Integer(2, version);
    }

    private static void WriteGraph(ProtobufWriter writer, OnnxGraph graph, Dictionary<string, long> offsets)
    {
        foreach (var node in graph.Nodes)
            writer.Message(1, node.WriteTo);
        writer.Text(2, "decoder");
        foreach (var initializer in graph.Initializers)
            writer.Message(5, message => WriteTensor(message, initializer, offsets));
        foreach (var input in graph.Inputs)
            writer.Message(11, input.WriteTo);
        foreach (var output in graph.Outputs)
            writer.Message(12, output.WriteTo);
    }

    private static void WriteTensor(ProtobufWriter writer, OnnxInitializer initializer, Dictionary<string, long> offsets)
    {
        foreach (long axis in initializer.Shape)
            writer.Integer(1, axis);
        writer.Integer(2, (long)initializer.Element);
        writer.Text(8, initializer.Name);
        if (initializer.Inline)
        {
            using var numbers = new MemoryStream();
            initializer.WriteTo(numbers);
            writer.Bytes(9, numbers.ToArray());
            return;
        }
        WriteEntry("location", DataName);
        WriteEntry("offset", $"{offsets[initializer.Name]}");
        WriteEntry("length", $"{initializer.ByteLength}");
        writer.Integer(14, ExternalLocation);

        void WriteEntry(string key, string value) =>
            writer.Message(
                13,
                entry =>
                {
                    entry.Text(1, key);
                    entry.Text(2, value);
                }
            );
    }
}
