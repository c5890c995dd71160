namespace SvdSurgeon.Formats.Onnx;

/// <summary>One operation of a graph.</summary>
/// <param name="Operator">Its name, such as MatMul.</param>
/// <param name="Domain">"" for ONNX's own operators, com.microsoft for those of ONNX Runtime.</param>
/// <param name="Name">Name of the node.</param>
/// <param name="Inputs">Names of values; "" for an optional one that is not given.</param>
/// <param name="Outputs">Names of values; "" for an optional one that is not wanted.</param>
/// <param name="Attributes">Constants.</param>
internal sealed record OnnxNode(
    string Operator,
    string Domain,
    string Name,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyList<OnnxAttribute> Attributes
)
{
    /// <summary>Writes a NodeProto.</summary>
    public void WriteTo(ProtobufWriter writer)
    {
        foreach (string input in Inputs)
            writer.Text(1, input);
        foreach (string output in Outputs)
            writer.Text(2, output);
        writer.Text(3, Name);
        writer.Text(4, Operator);
        foreach (var attribute in Attributes)
            writer.Message(5, attribute.WriteTo);
        if (Domain.Length > 0)
            writer.Text(7, Domain);
    }
}
