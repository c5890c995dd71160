using System.Globalization;

namespace SvdSurgeon.Formats.Onnx;

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">Name of the value.</param>
/// <param name="Element">Type of its numbers.</param>
/// <param name="Shape">Axes: a number, or a name for one that is known when the model runs.</param>
internal sealed record OnnxValue(string Name, OnnxElement Element, IReadOnlyList<string> Shape)
{
    /// <summary>Writes a ValueInfoProto: name, and a TypeProto that holds one tensor type.</summary>
    public void WriteTo(ProtobufWriter writer)
    {
        writer.Text(1, Name);
        writer.Message(2, type => type.Message(1, WriteTensorType));
    }

    private void WriteTensorType(ProtobufWriter writer)
    {
        writer.Integer(1, (long)Element);
        writer.Message(
            2,
            shape =>
            {
                foreach (string axis in Shape)
                    shape.Message(1, dimension => WriteAxis(dimension, axis));
            }
        );
    }

    private static void WriteAxis(ProtobufWriter writer, string axis)
    {
        if (long.TryParse(axis, NumberStyles.None, CultureInfo.InvariantCulture, out long size))
            writer.Integer(1, size);
        else
            writer.Text(2, axis);
    }
}
