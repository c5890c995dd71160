using System.Runtime.InteropServices;

namespace SvdSurgeon.Formats.Onnx;

/// <summary>A constant tensor of a graph, most often a weight. Its numbers stand in the data file beside the model, or in the model
/// itself where the graph cannot be understood without them: shapes and axes.</summary>
/// <param name="Name">Name of the value.</param>
/// <param name="Element">Type of its numbers.</param>
/// <param name="Shape">Axes, outermost first; none for a scalar.</param>
/// <param name="WriteTo">Writes exactly the bytes that type and shape need, row-major, little endian.</param>
/// <param name="Inline">The numbers stand in the model itself.</param>
internal sealed record OnnxInitializer(
    string Name,
    OnnxElement Element,
    IReadOnlyList<long> Shape,
    Action<Stream> WriteTo,
    bool Inline = false
)
{
    /// <summary>Bytes of the numbers.</summary>
    public long ByteLength =>
        Shape.Aggregate(1L, (product, axis) => checked(product * axis))
        * Element switch
        {
            OnnxElement.UInt8 => 1,
            OnnxElement.Float16 => 2,
            OnnxElement.Float or OnnxElement.Int32 => 4,
            _ => 8,
        };

    /// <summary>64-bit integers inside the model, for shapes and axes.</summary>
    public static OnnxInitializer Integers(string name, IReadOnlyList<long> shape, long[] values) =>
        new(name, OnnxElement.Int64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())), Inline: true);

    /// <summary>32-bit integers in the data file, for indices.</summary>
    public static OnnxInitializer Indices(string name, int[] values) =>
        new(name, OnnxElement.Int32, [values.Length], stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
}
