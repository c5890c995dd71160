using SvdSurgeon.Architectures;
using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.Onnx;

namespace SvdSurgeon.Export.Onnx;

/// <summary>
/// A decoder as a graph with the inputs and outputs that ONNX Runtime GenAI and transformers.js know: input_ids, attention_mask,
/// position_ids where positions are learned, past_key_values.N.key and .value; logits, present.N.key and .value. It is built from the same
/// layouts as the model itself.
/// </summary>
internal sealed class DecoderGraph
{
    // A layout may say more than this class reads; each family was compared with this program's own logits before it came here.
    private static readonly string[] ModelTypes =
    [
        "llama",
        "mistral",
        "qwen2",
        "qwen3",
        "opt",
        "gemma2",
        "gemma3_text",
        "gpt_neox",
        "granite",
        "olmo2",
        "phi3",
        "smollm3",
        "stablelm",
    ];

    private readonly OnnxGraph _graph = new();
    private readonly Checkpoint _checkpoint;
    private readonly DecoderConfig _config;
    private readonly ModelLayout _model;
    private readonly LayerLayout[] _layers;
    private readonly LinearNodes _linears;
    private readonly NormNodes _norms;
    private readonly BlockNodes _blocks;
    private readonly string _ids;

    private DecoderGraph(ExportModel model, OnnxWeightType type)
    {
        (_checkpoint, _config) = (model.Source, model.Source.Config);
        var architecture = ArchitectureRegistry.Of(_config);
        _model = architecture.Model(_config);
        _layers = [.. Enumerable.Range(0, _config.Layers).Select(layer => architecture.Layer(_config, layer))];
        _linears = new(_graph, type);
        _norms = new(_graph, _checkpoint, _linears.Element);
        _ids = _graph.Input("input_ids", OnnxElement.Int64, "batch_size", "sequence_length");
        string mask = _graph.Input("attention_mask", OnnxElement.Int64, "batch_size", "total_sequence_length");
        _blocks = new(_graph, _linears, _norms, new(_graph, _config, _linears.Element, mask), model.Modules);
    }

    /// <summary>The graph of a model. No weight is read.</summary>
    /// <exception cref="InvalidModelException">The model is of a family, or has a module in a form, that is not known here.</exception>
    public static OnnxGraph Build(ExportModel model, OnnxWeightType type)
    {
        var config = model.Source.Config;
        if (!ModelTypes.Contains(config.ModelType))
            throw new InvalidModelException(
                $"{model.Source.Path}: models of type '{config.ModelType}' cannot be written as ONNX yet. Known: "
                    + $"{string.Join(", ", ModelTypes)}; --format gguf or hf may serve."
            );
        var decoder = new DecoderGraph(model, type);
        string stream = decoder.Embedded(out var embeddingAsHead);
        string features = decoder.Features(stream);
        string logits = config.TieWordEmbeddings
            ? embeddingAsHead(features, "lm_head")
            : decoder._linears.Product(features, new(model.Decoder.Head), "lm_head");
        if (decoder._model.LogitSoftCap > 0)
            logits = decoder.SoftCap(logits, decoder._model.LogitSoftCap);
        decoder._graph.Rename(logits, "logits");
        decoder._graph.Output("logits", decoder._linears.Element, "batch_size", "sequence_length", $"{model.Decoder.Head.Rows}");
        return decoder._graph;
    }

    private string Embedded(out Func<string, string, string> asHead)
    {
        string words = _linears.Embedding(_ids, Matrix(_model.Embedding.Name), _model.Embedding.Name, out asHead);
        if (_model.ProjectIn is { } into)
            words = _linears.Product(words, Matrix(into.Name), into.Name);
        words = Scaled(words, _model.EmbeddingScale, "/embed");
        if (_model.Positions is not { } positions)
            return words;
        string places = _graph.Input("position_ids", OnnxElement.Int64, "batch_size", "sequence_length");
        // Rows before the first position are never used.
        var table = new WeightRows([_checkpoint.Tensors[positions + ".weight"]], _model.PositionOffset);
        string rows = _graph.Add(FloatWeights.Rows(positions + ".weight", _linears.Element, table));
        return _graph.Node("Add", "/embed/Add", [words, _graph.Node("Gather", "/embed/Positions", [rows, places])]);
    }

    // What the head reads: the stream through all layers, the norm after them, and the way back to the embedding's width.
    private string Features(string stream)
    {
        string x = _layers[0].Branches[0].Before is { } first ? _norms.Norm(stream, first) : stream;
        for (int layer = 0; layer < _layers.Length; layer++)
            (stream, x) = Layer(layer, stream, x);
        if (_model.ProjectOut is { } outOf)
            x = _linears.Product(x, Matrix(outOf.Name), outOf.Name);
        return Scaled(x, _model.LogitScale, "/features");
    }

    // The stream after a layer, and what the first block of the next layer reads; x is what its own first block reads.
    private (string Stream, string X) Layer(int layer, string stream, string x)
    {
        var (branches, parallel, input) = (_layers[layer].Branches, _layers[layer].Parallel, stream);
        var after = layer + 1 < _layers.Length ? _layers[layer + 1].Branches[0].Before : _model.FinalNorm;
        string first = x;
        for (int i = 0; i < branches.Count; i++)
        {
            bool last = i == branches.Count - 1;
            if (parallel && i > 0)
                x =
                    branches[i].Before is not { } own ? input
                    : own == branches[0].Before ? first
                    : _norms.Norm(input, own);
            string y = Branch(layer, i, branches[i], x);
            var next =
                last ? after
                : parallel ? null
                : branches[i + 1].Before;
            (stream, x) = Sum(stream, y, branches[i].OnSum, next, $"/layers.{layer}/{i}");
        }
        return (stream, x);
    }

    private string Branch(int layer, int index, BranchLayout branch, string x)
    {
        string y = _blocks.Block(layer, branch.Block, x);
        if (branch.After is { } after)
            y = _norms.Norm(y, after);
        return Scaled(y, branch.Scale, $"/layers.{layer}/{index}");
    }

    // stream + y under its norm, and that sum under the norm that comes next.
    private (string Stream, string X) Sum(string stream, string y, NormLayout? onSum, NormLayout? next, string name)
    {
        if (onSum is not null)
        {
            string normed = _norms.SumAndNorm(stream, y, onSum).Normed;
            return (normed, next is null ? normed : _norms.Norm(normed, next));
        }
        if (next is not null)
            return _norms.SumAndNorm(stream, y, next);
        string sum = _graph.Node("Add", name + "/Add", [stream, y]);
        return (sum, sum);
    }

    private string Scaled(string x, float factor, string name) =>
        factor == 1 ? x : _graph.Node("Mul", name + "/Scale", [x, Scalar(factor)]);

    // cap · tanh(x / cap)
    private string SoftCap(string x, float cap)
    {
        string tanh = _graph.Node("Tanh", "/logits/Tanh", [_graph.Node("Div", "/logits/Div", [x, Scalar(cap)])]);
        return _graph.Node("Mul", "/logits/Mul", [tanh, Scalar(cap)]);
    }

    private string Scalar(float value)
    {
        string name = FormattableString.Invariant($"/constants/FLOAT/{value:R}");
        return _graph.Has(name)
            ? name
            : _graph.Add(new(name, _linears.Element, [], stream => FloatWeights.Write(stream, [value], _linears.Element, name)));
    }

    private WeightRows Matrix(string name) => new(_checkpoint.Tensors[name + ".weight"]);
}
