namespace SvdSurgeon.Formats.Onnx;

/// <summary>A graph of ONNX operators while it is built. Nodes stand in the order of their evaluation; no weight is read.</summary>
internal sealed class OnnxGraph
{
    private const string RuntimeDomain = "com.microsoft";

    private readonly List<OnnxNode> _nodes = [];
    private readonly List<OnnxInitializer> _initializers = [];
    private readonly List<OnnxValue> _inputs = [];
    private readonly List<OnnxValue> _outputs = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Operations, each after those that it needs.</summary>
    public IReadOnlyList<OnnxNode> Nodes => _nodes;

    /// <summary>Constant tensors, in the order of the data file.</summary>
    public IReadOnlyList<OnnxInitializer> Initializers => _initializers;

    /// <summary>What the caller gives.</summary>
    public IReadOnlyList<OnnxValue> Inputs => _inputs;

    /// <summary>What the caller gets.</summary>
    public IReadOnlyList<OnnxValue> Outputs => _outputs;

    /// <summary>Whether there is a value called <paramref name="name"/>.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>Declares an input and returns its name.</summary>
    public string Input(string name, OnnxElement element, params string[] shape)
    {
        Claim(name);
        _inputs.Add(new(name, element, shape));
        return name;
    }

    /// <summary>Declares that the value called <paramref name="name"/> is an output.</summary>
    public void Output(string name, OnnxElement element, params string[] shape) => _outputs.Add(new(name, element, shape));

    /// <summary>Adds a constant tensor and returns its name.</summary>
    public string Add(OnnxInitializer initializer)
    {
        Claim(initializer.Name);
        _initializers.Add(initializer);
        return initializer.Name;
    }

    /// <summary>The name of a list of 64-bit integers, added where it is not there yet.</summary>
    public string Integers(params long[] values)
    {
        string name = $"/constants/INT64/[{string.Join(", ", values)}]";
        return Has(name) ? name : Add(OnnxInitializer.Integers(name, [values.Length], values));
    }

    /// <summary>The name of one 64-bit integer, added where it is not there yet.</summary>
    public string Integer(long value)
    {
        string name = $"/constants/INT64/{value}";
        return Has(name) ? name : Add(OnnxInitializer.Integers(name, [], [value]));
    }

    /// <summary>Adds an operation of ONNX and returns the name of its output.</summary>
    public string Node(string op, string name, IReadOnlyList<string> inputs, params OnnxAttribute[] attributes) =>
        Node(op, "", name, inputs, [name + "/output_0"], attributes);

    /// <summary>Adds an operation of ONNX Runtime and returns the name of its output.</summary>
    public string RuntimeNode(string op, string name, IReadOnlyList<string> inputs, params OnnxAttribute[] attributes) =>
        Node(op, RuntimeDomain, name, inputs, [name + "/output_0"], attributes);

    /// <summary>Adds an operation of ONNX Runtime with named outputs ("" where one is not wanted) and returns the first.</summary>
    public string RuntimeNodeTo(
        string op,
        string name,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string> outputs,
        params OnnxAttribute[] attributes
    ) => Node(op, RuntimeDomain, name, inputs, outputs, attributes);

    /// <summary>Gives the value called <paramref name="value"/>, which the last node made, the name that callers know.</summary>
    public void Rename(string value, string name)
    {
        Claim(name);
        var last = _nodes[^1];
        _nodes[^1] = last with { Outputs = [.. last.Outputs.Select(output => output == value ? name : output)] };
    }

    private string Node(
        string op,
        string domain,
        string name,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string> outputs,
        OnnxAttribute[] attributes
    )
    {
        foreach (string output in outputs)
            if (output.Length > 0)
                Claim(output);
        _nodes.Add(new(op, domain, name, inputs, outputs, attributes));
        return outputs[0];
    }

    private void Claim(string name)
    {
        if (!_names.Add(name))
            throw new InvalidOperationException($"The graph has two values called '{name}'.");
    }
}
