using SvdSurgeon.Architectures;
using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Formats.Onnx;
using SvdSurgeon.Models.Linear;

namespace SvdSurgeon.Export.Onnx;

/// <summary>The blocks of a layer, attention and MLPs, as nodes of a graph.</summary>
/// <param name="graph">Where they go.</param>
/// <param name="linears">Makes the products.</param>
/// <param name="norms">Makes the norms of queries and keys.</param>
/// <param name="attention">Makes attention itself.</param>
/// <param name="modules">Linear modules by name, dense or factored.</param>
internal sealed class BlockNodes(
    OnnxGraph graph,
    LinearNodes linears,
    NormNodes norms,
    AttentionNodes attention,
    IReadOnlyDictionary<string, LinearModule> modules
)
{
    /// <summary>What the block of layer <paramref name="layer"/> gives for the value called <paramref name="x"/>; returns its
    /// name.</summary>
    public string Block(int layer, BlockLayout block, string x) =>
        Linear(
            block switch
            {
                AttentionLayout layout => Attended(layer, layout, x),
                GatedMlpLayout layout => Gated(layer, layout, x),
                MlpLayout layout => Activated(layout.Activation, Outputs(layout.Inputs, x)[0], $"/layers.{layer}/mlp"),
                _ => throw new InvalidOperationException($"There are no nodes for {block.GetType().Name}."),
            },
            block.Output
        );

    private string Attended(int layer, AttentionLayout layout, string x)
    {
        LinearModule[] inputs = [.. layout.Inputs.Linears.Select(linear => modules[linear.Name])];
        if (layout.Inputs.Fused is null && attention.TakesPacked(layout) && LinearNodes.CanPack(inputs))
            return attention.Attend(layer, layout, linears.Packed(x, inputs, $"layers.{layer}.qkv_proj"), "", "");
        string[] outputs = Outputs(layout.Inputs, x);
        string query = HeadNorm(outputs[0], layout.QueryNorm, layout.Heads * layout.HeadDim),
            key = HeadNorm(outputs[1], layout.KeyNorm, layout.KeyValueHeads * layout.HeadDim);
        return attention.Attend(layer, layout, query, key, outputs[2]);
    }

    private string Gated(int layer, GatedMlpLayout layout, string x)
    {
        string name = $"/layers.{layer}/mlp";
        string[] outputs = Outputs(layout.Inputs, x);
        return graph.Node("Mul", name + "/Mul", [Activated(layout.Activation, outputs[0], name), outputs[1]]);
    }

    private string Activated(Activation activation, string x, string name) =>
        activation switch
        {
            Activation.Relu => graph.Node("Relu", name + "/Relu", [x]),
            Activation.Gelu => graph.Node("Gelu", name + "/Gelu", [x], new OnnxAttribute("approximate", "none")),
            Activation.GeluTanh => graph.Node("Gelu", name + "/Gelu", [x], new OnnxAttribute("approximate", "tanh")),
            Activation.SwiGlu => graph.Node("Mul", name + "/Silu", [x, graph.Node("Sigmoid", name + "/Sigmoid", [x])]),
            _ => throw new InvalidOperationException($"There are no nodes for {activation}."),
        };

    // A norm of every head by itself, or over all of them.
    private string HeadNorm(string x, NormLayout? norm, int width)
    {
        if (norm is null)
            return x;
        if (norm.Width == width)
            return norms.Norm(x, norm);
        string heads = graph.Node("Reshape", norm.Name + "/ToHeads", [x, graph.Integers(0, 0, width / norm.Width, norm.Width)]);
        return graph.Node("Reshape", norm.Name + "/FromHeads", [norms.Norm(heads, norm), graph.Integers(0, 0, width)]);
    }

    private string Linear(string x, LinearLayout layout) => linears.Linear(x, modules[layout.Name]);

    // The outputs of modules that read the same input, or the features of one module dealt out.
    private string[] Outputs(ProjectionLayout projection, string x)
    {
        if (projection.Fused is not { } parts)
            return [.. projection.Linears.Select(linear => Linear(x, linear))];
        string name = projection.Linears[0].Name,
            all = Linear(x, projection.Linears[0]);
        return [.. parts.Select((features, i) => Features(all, features, $"{name}.{i}"))];
    }

    private string Features(string x, int[] features, string name)
    {
        if (features[^1] - features[0] == features.Length - 1)
            return graph.Node(
                "Slice",
                name + "/Slice",
                [x, graph.Integers(features[0]), graph.Integers(features[^1] + 1), graph.Integers(-1)]
            );
        string indices = graph.Add(OnnxInitializer.Indices(name + ".features", features));
        return graph.Node("Gather", name + "/Gather", [x, indices], new OnnxAttribute("axis", -1L));
    }
}
