using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.HuggingFace.CompressedTensors;

/// <summary>
/// The object <c>quantization_config</c> of a config.json: which modules are stored in how many bits (compressed-tensors, pack-quantized).
/// </summary>
/// <remarks>
/// Read as the library of that name does: a target is a module's name, a pattern after <c>re:</c>, or the class Linear, and the first group
/// that matches counts.
/// </remarks>
internal sealed class QuantizationConfig
{
    /// <summary>Value of <c>quant_method</c>.</summary>
    public const string Method = "compressed-tensors";

    /// <summary>Key in config.json.</summary>
    public const string Key = "quantization_config";

    private const string Layout = "pack-quantized";
    private const string Pattern = "re:";
    private const string AnyLinear = "Linear";
    private static readonly TimeSpan PatternTime = TimeSpan.FromSeconds(1);

    private readonly List<(IntegerScheme Scheme, Predicate<string>[] Targets)> _groups = [];
    private readonly string _file;

    private QuantizationConfig(string file) => _file = file;

    /// <summary>Reads the object.</summary>
    /// <param name="json">quantization_config.</param>
    /// <param name="file">Where it stands, for messages.</param>
    /// <exception cref="InvalidModelException">It is of another method or layout, or says something that this program cannot compute
    /// exactly.</exception>
    public static QuantizationConfig Read(JsonObject json, string file)
    {
        var keys = new ConfigKeys(json, file, Key + ".");
        string method = keys.Text("quant_method", "unknown");
        if (method != Method)
            throw keys.Refuse(
                "quant_method",
                method,
                $"{Method} in the layout {Layout}; or use the checkpoint that this one was made from, or a GGUF file",
                "Quantised checkpoint"
            );
        Expect(keys, "format", Layout, "Layout");
        foreach (string key in (ReadOnlySpan<string>)["kv_cache_scheme", "sparsity_config", "transform_config"])
            if (keys.Object(key) is { Count: > 0 } more)
                throw keys.Refuse(key, more.ToJsonString(), "none", "Part of a quantised checkpoint");
        if (keys.Object("config_groups") is not { Count: > 0 } groups)
            throw new InvalidModelException($"{file}: '{Key}.config_groups' is missing or empty. Fetch the file again.");
        var config = new QuantizationConfig(file);
        foreach (var (name, node) in groups)
            config.Add(
                node as JsonObject ?? throw new InvalidModelException($"{file}: '{Key}.config_groups.{name}' is not an object."),
                name
            );
        return config;
    }

    /// <summary>The object for these modules.</summary>
    /// <param name="modules">Module names and their storage, in any order; equal schemes make one group.</param>
    public static JsonObject Json(IEnumerable<(string Module, IntegerScheme Scheme)> modules)
    {
        var groups = new JsonObject();
        foreach (var group in modules.GroupBy(module => module.Scheme).OrderBy(group => (group.Key.Bits, group.Key.GroupSize)))
        {
            var (bits, size) = group.Key;
            groups[$"int{bits}_{(size == 0 ? "channel" : $"group{size}")}"] = new JsonObject
            {
                ["targets"] = new JsonArray([.. group.Select(module => JsonValue.Create(module.Module))]),
                ["weights"] = new JsonObject
                {
                    ["num_bits"] = bits,
                    ["type"] = "int",
                    ["symmetric"] = true,
                    ["strategy"] = size == 0 ? "channel" : "group",
                    ["group_size"] = size == 0 ? null : size,
                    ["dynamic"] = false,
                },
                ["input_activations"] = null,
                ["output_activations"] = null,
            };
        }
        return new JsonObject
        {
            ["quant_method"] = Method,
            ["format"] = Layout,
            ["quantization_status"] = "compressed",
            ["config_groups"] = groups,
            ["ignore"] = new JsonArray("lm_head"),
        };
    }

    /// <summary>How a module is stored.</summary>
    /// <param name="module">Name as in the file.</param>
    /// <exception cref="InvalidModelException">No group is for it.</exception>
    public IntegerScheme Find(string module)
    {
        foreach (var (scheme, targets) in _groups)
            if (Array.Exists(targets, target => target(module)))
                return scheme;
        throw new InvalidModelException(
            $"{_file}: '{Key}' has no group for module '{module}', which is stored packed. The files belong to different models."
        );
    }

    private void Add(JsonObject group, string name)
    {
        string prefix = $"{Key}.config_groups.{name}.";
        var keys = new ConfigKeys(group, _file, prefix);
        foreach (string key in (ReadOnlySpan<string>)["input_activations", "output_activations"])
            if (keys.Object(key) is not null)
                throw keys.Refuse(key, "quantised activations", "weights alone", "Quantised checkpoint with");
        if (keys.Object("weights") is not { } weights)
            throw new InvalidModelException($"{_file}: '{prefix}weights' is missing. Fetch the file again.");
        if (keys.Has("format"))
            Expect(keys, "format", Layout, "Layout");
        var of = new ConfigKeys(weights, _file, prefix + "weights.");
        Expect(of, "type", "int", "Number type");
        if (!of.Flag("symmetric", true))
            throw of.Refuse("symmetric", "false", "symmetric groups", "Storage with zero points,");
        if (of.Flag("dynamic", false))
            throw of.Refuse("dynamic", "true", "scales that are stored", "Storage with");
        string strategy = of.Text("strategy", "group");
        if (strategy is not ("group" or "channel"))
            throw of.Refuse("strategy", strategy, "group, channel", "Sharing of scales by");
        int bits = of.Positive("num_bits");
        if (bits > 8)
            throw of.Refuse("num_bits", $"{bits}", "1 to 8", "Number of bits");
        int size = strategy == "channel" ? 0 : of.Positive("group_size");
        if (size % 8 != 0)
            throw of.Refuse("group_size", $"{size}", "multiples of 8", "Group size");
        if (keys.Array("targets") is not { Count: > 0 } targets)
            throw new InvalidModelException($"{_file}: '{prefix}targets' is missing or empty. Fetch the file again.");
        _groups.Add((new IntegerScheme(bits, size), [.. targets.Select(target => Target(target, prefix))]));
    }

    // A pattern has to match from the beginning of the name, not up to its end.
    private Predicate<string> Target(JsonNode? node, string prefix)
    {
        if (node is not JsonValue value || !value.TryGetValue(out string? text))
            throw new InvalidModelException(
                $"{_file}: '{prefix}targets' holds {node?.ToJsonString() ?? "null"}, expected names or patterns."
            );
        if (text == AnyLinear)
            return _ => true;
        if (!text.StartsWith(Pattern, StringComparison.Ordinal))
            return module => module == text;
        try
        {
            var pattern = new Regex($@"\A(?:{text[Pattern.Length..]})", RegexOptions.CultureInvariant, PatternTime);
            return module => IsMatch(pattern, module);
        }
        catch (ArgumentException e)
        {
            throw new InvalidModelException(
                $"{_file}: the pattern '{text}' in '{prefix}targets' cannot be read ({e.Message.TrimEnd('.')}).",
                e
            );
        }
    }

    private bool IsMatch(Regex pattern, string module)
    {
        try
        {
            return pattern.IsMatch(module);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidModelException(
                $"{_file}: the pattern '{pattern}' in '{Key}' takes more than a second. Write a simpler one.",
                e
            );
        }
    }

    private static void Expect(ConfigKeys keys, string key, string expected, string what)
    {
        string value = keys.Text(key, expected);
        if (value != expected)
            throw keys.Refuse(key, value, expected, what);
    }
}
