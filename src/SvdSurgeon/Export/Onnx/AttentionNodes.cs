using SvdSurgeon.Architectures;
using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Formats.Onnx;
using SvdSurgeon.Models;

namespace SvdSurgeon.Export.Onnx;

/// <summary>
/// Attention with a cache of keys and values as ONNX Runtime's GroupQueryAttention. It asks for heads of a multiple of 8 numbers, of 16
/// where it rotates them, and turns the first half of a head against the second; other heads are filled up with zeros and brought into
/// this order, which changes nothing but the width of the cache.
/// </summary>
internal sealed class AttentionNodes
{
    private const int HeadMultiple = 8;
    private const int RotaryHeadMultiple = 16;

    private readonly OnnxGraph _graph;
    private readonly int _positions;
    private readonly OnnxElement _element;
    private readonly string _lastPositions;
    private readonly string _totalLength;
    private readonly int _headSize;
    private readonly Dictionary<RotaryLayout, string[]> _tables = [];

    /// <summary>Adds what all layers share: lengths from the attention mask.</summary>
    public AttentionNodes(OnnxGraph graph, DecoderConfig config, OnnxElement element, string attentionMask)
    {
        (_graph, _positions, _element, _headSize) = (graph, config.MaxPositions, element, PaddedHeadSize(config));
        var toInt32 = new OnnxAttribute("to", (long)OnnxElement.Int32);
        string length = graph.Node("ReduceSum", "/mask/ReduceSum", [attentionMask, graph.Integers(1)], new OnnxAttribute("keepdims", 0L));
        _lastPositions = graph.Node("Cast", "/mask/LastPosition", [graph.Node("Sub", "/mask/Sub", [length, graph.Integers(1)])], toInt32);
        string shape = graph.Node("Shape", "/mask/Shape", [attentionMask]);
        string total = graph.Node("Gather", "/mask/Gather", [shape, graph.Integer(1)], new OnnxAttribute("axis", 0L));
        _totalLength = graph.Node("Cast", "/mask/TotalLength", [total], toInt32);
    }

    /// <summary>Width of a head in the cache of a model.</summary>
    public static int PaddedHeadSize(DecoderConfig config)
    {
        var architecture = ArchitectureRegistry.Of(config);
        bool rotary = Enumerable
            .Range(0, config.Layers)
            .SelectMany(layer => architecture.Layer(config, layer).Branches)
            .Any(branch => branch.Block is AttentionLayout { Rotary: not null });
        int multiple = rotary ? RotaryHeadMultiple : HeadMultiple;
        return (config.HeadDim + multiple - 1) / multiple * multiple;
    }

    /// <summary>Queries, keys and values may come in one value, after each other.</summary>
    public bool TakesPacked(AttentionLayout layout) =>
        layout.HeadDim == _headSize
        && layout.QueryNorm is null
        && layout.KeyNorm is null
        && (layout.Rotary is null || layout.Rotary.Dim == layout.HeadDim);

    /// <summary>The heads' outputs after each other, [batch, sequence, heads · headDim], before the output projection.</summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="layout">The layer's attention.</param>
    /// <param name="query">Name of the queries, or of all three after each other.</param>
    /// <param name="key">Name of the keys; "" when they come with the queries.</param>
    /// <param name="value">Name of the values; "" when they come with the queries.</param>
    public string Attend(int layer, AttentionLayout layout, string query, string key, string value)
    {
        string name = $"/layers.{layer}/attention";
        int[] turned = Places(layout.HeadDim, layout.Rotary?.Dim ?? 0),
            plain = Places(layout.HeadDim, 0);
        if (key.Length > 0)
        {
            query = Columns(query, turned, layout.Heads, layout.HeadDim, name + "/query");
            key = Columns(key, turned, layout.KeyValueHeads, layout.HeadDim, name + "/key");
            value = Columns(value, plain, layout.KeyValueHeads, layout.HeadDim, name + "/value");
        }
        string[] cache = ["batch_size", $"{layout.KeyValueHeads}", "past_sequence_length", $"{_headSize}"];
        string attended = _graph.RuntimeNodeTo(
            "GroupQueryAttention",
            name,
            [
                query,
                key,
                value,
                _graph.Input($"past_key_values.{layer}.key", _element, cache),
                _graph.Input($"past_key_values.{layer}.value", _element, cache),
                _lastPositions,
                _totalLength,
                .. layout.Rotary is { } rotary ? Tables(rotary) : [],
            ],
            [name + "/output_0", $"present.{layer}.key", $"present.{layer}.value"],
            new("num_heads", layout.Heads),
            new("kv_num_heads", layout.KeyValueHeads),
            new("scale", layout.Scale == 0 ? (float)(1 / Math.Sqrt(layout.HeadDim)) : layout.Scale),
            new("softcap", layout.SoftCap),
            new("local_window_size", layout.Window == 0 ? -1L : layout.Window),
            new("do_rotary", layout.Rotary is null ? 0L : 1L),
            new("rotary_interleaved", 0L)
        );
        cache[2] = "total_sequence_length";
        _graph.Output($"present.{layer}.key", _element, cache);
        _graph.Output($"present.{layer}.value", _element, cache);
        int[] back = [.. Enumerable.Range(0, layout.HeadDim)];
        return Columns(attended, back, layout.Heads, _headSize, name + "/heads");
    }

    // Which number of a head stands at each place of a wider one; −1 for a zero. The numbers that turn are two halves, each at the
    // beginning of a half of the head.
    private int[] Places(int headDim, int turning)
    {
        int half = turning / 2,
            halfSize = _headSize / 2;
        if (turning == 0)
            return [.. Enumerable.Range(0, _headSize).Select(place => place < headDim ? place : -1)];
        return
        [
            .. Enumerable
                .Range(0, _headSize)
                .Select(place =>
                {
                    var (second, offset) = Math.DivRem(place, halfSize);
                    int number = offset < half ? second * half + offset : turning + second * (halfSize - half) + offset - half;
                    return number < headDim ? number : -1;
                }),
        ];
    }

    // Numbers of each head picked by places; all as they are where that is what the places say.
    private string Columns(string x, int[] places, int heads, int headDim, string name)
    {
        if (places.Length == headDim && places.Select((number, place) => number == place).All(same => same))
            return x;
        bool zeros = places.Contains(-1);
        if (zeros)
            x = _graph.Node("Pad", name + "/Pad", [x, _graph.Integers(0, 1), "", _graph.Integers(-1)]);
        int[] indices =
        [
            .. Enumerable
                .Range(0, heads)
                .SelectMany(head => places.Select(number => number < 0 ? heads * headDim : head * headDim + number)),
        ];
        string picked = _graph.Add(OnnxInitializer.Indices(name + ".places", indices));
        return _graph.Node("Gather", name + "/Gather", [x, picked], new OnnxAttribute("axis", -1L));
    }

    private string[] Tables(RotaryLayout rotary)
    {
        if (_tables.TryGetValue(rotary, out var names))
            return names;
        string suffix = _tables.Count == 0 ? "" : $"_{_tables.Count}";
        names = [_graph.Add(Table("cos_cache" + suffix, rotary, Math.Cos)), _graph.Add(Table("sin_cache" + suffix, rotary, Math.Sin))];
        return _tables[rotary] = names;
    }

    // [positions, headSize/2]; what does not turn stays where it is.
    private OnnxInitializer Table(string name, RotaryLayout rotary, Func<double, double> function)
    {
        double[] frequencies = RotaryTables.InverseFrequencies(rotary);
        return new(
            name,
            _element,
            [_positions, _headSize / 2],
            stream =>
            {
                var row = new float[_headSize / 2];
                for (int position = 0; position < _positions; position++)
                {
                    for (int i = 0; i < row.Length; i++)
                        row[i] = (float)function(i < frequencies.Length ? position * frequencies[i] : 0);
                    FloatWeights.Write(stream, row, _element, name);
                }
            }
        );
    }
}
