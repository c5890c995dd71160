namespace SvdSurgeon.Formats.Onnx;

/// <summary>A named constant of a node: an integer, a float, a string or a list of integers.</summary>
internal sealed class OnnxAttribute
{
    // Numbers of AttributeProto's fields and of AttributeProto.AttributeType.
    private const int NameField = 1;
    private const int SingleField = 2;
    private const int IntegerField = 3;
    private const int TextField = 4;
    private const int IntegersField = 8;
    private const int TypeField = 20;
    private const int SingleType = 1;
    private const int IntegerType = 2;
    private const int TextType = 3;
    private const int IntegersType = 7;

    private readonly Action<ProtobufWriter> _write;

    private OnnxAttribute(string name, int type, Action<ProtobufWriter> value)
    {
        _write = writer =>
        {
            writer.Text(NameField, name);
            value(writer);
            writer.Integer(TypeField, type);
        };
    }

    /// <summary>An integer.</summary>
    public OnnxAttribute(string name, long value)
        : this(name, IntegerType, writer => writer.Integer(IntegerField, value)) { }

    /// <summary>A float.</summary>
    public OnnxAttribute(string name, float value)
        : this(name, SingleType, writer => writer.Single(SingleField, value)) { }

    /// <summary>A string.</summary>
    public OnnxAttribute(string name, string value)
        : this(name, TextType, writer => writer.Text(TextField, value)) { }

    /// <summary>A list of integers.</summary>
    public OnnxAttribute(string name, IReadOnlyList<long> values)
        : this(
            name,
            IntegersType,
            writer =>
            {
                foreach (long value in values)
                    writer.Integer(IntegersField, value);
            }
        ) { }

    /// <summary>Writes an AttributeProto.</summary>
    public void WriteTo(ProtobufWriter writer) => _write(writer);
}
