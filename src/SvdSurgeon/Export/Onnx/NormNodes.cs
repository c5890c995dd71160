using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.Onnx;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Onnx;

/// <summary>Norms as nodes of a graph; one that follows a sum is one node with it, as ONNX Runtime has them.</summary>
internal sealed class NormNodes(OnnxGraph graph, Checkpoint checkpoint, OnnxElement element)
{
    /// <summary>norm(x); returns its name.</summary>
    public string Norm(string x, NormLayout norm)
    {
        string op = IsRms(norm) ? "SimplifiedLayerNormalization" : "LayerNormalization";
        return graph.Node(op, "/" + norm.Name, [x, .. Parameters(norm)], Epsilon(norm), new("axis", -1L), new("stash_type", 1L));
    }

    /// <summary>stream + x, and its norm; returns the names of both.</summary>
    public (string Sum, string Normed) SumAndNorm(string stream, string x, NormLayout norm)
    {
        string op = IsRms(norm) ? "SkipSimplifiedLayerNormalization" : "SkipLayerNormalization",
            name = "/" + norm.Name,
            sum = name + "/output_3";
        return (sum, graph.RuntimeNodeTo(op, name, [stream, x, .. Parameters(norm)], [name + "/output_0", "", "", sum], Epsilon(norm)));
    }

    private static bool IsRms(NormLayout norm) => norm.Kind is NormKind.Rms or NormKind.RmsPlusOne;

    private static OnnxAttribute Epsilon(NormLayout norm) => new("epsilon", norm.Epsilon);

    private string[] Parameters(NormLayout norm)
    {
        switch (norm.Kind)
        {
            case NormKind.Rms:
                return [Stored(norm.Name + ".weight")];
            case NormKind.RmsPlusOne:
                string name = norm.Name + ".weight";
                return [graph.Add(FloatWeights.OnePlus(name, element, checkpoint.Tensors[name]))];
            case NormKind.Layer:
                return [Stored(norm.Name + ".weight"), Stored(norm.Name + ".bias")];
            default:
                // The operators want parameters where the model has none.
                float[] ones = new float[norm.Width];
                ones.AsSpan().Fill(1);
                return [Constant(norm.Name + ".weight", ones), Constant(norm.Name + ".bias", new float[norm.Width])];
        }
    }

    private string Stored(string name) => graph.Add(FloatWeights.Vector(name, element, checkpoint.Tensors[name]));

    private string Constant(string name, float[] values) =>
        graph.Add(FloatWeights.Vector(name, element, StoredTensor.FromSingles(name, [values.Length], values)));
}
