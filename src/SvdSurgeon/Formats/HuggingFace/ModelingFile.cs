using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>
/// What makes a folder with factors load in transformers: modeling_svdsurgeon.py beside the weights, a model_type of its own, and in
/// config.json the class names and the shape of every module that is not one matrix.
/// </summary>
/// <remarks>Under the plain model_type transformers would fill the missing weights with random numbers, without an error.</remarks>
internal static class ModelingFile
{
    /// <summary>Name of the file, which is the same in every folder.</summary>
    public const string Name = "modeling_svdsurgeon.py";

    internal const string Prefix = "svdsurgeon_";
    private const string Section = "svdsurgeon";
    private const string Modules = "modules";
    private const string AutoMap = "auto_map";

    // A family is one line here and one word in the file: what transformers' class names begin with.
    private static readonly Dictionary<string, string> Families = new(StringComparer.Ordinal)
    {
        ["gemma2"] = "Gemma2",
        ["gemma3_text"] = "Gemma3",
        ["gpt_neox"] = "GPTNeoX",
        ["granite"] = "Granite",
        ["llama"] = "Llama",
        ["mistral"] = "Mistral",
        ["olmo2"] = "Olmo2",
        ["opt"] = "OPT",
        ["phi3"] = "Phi3",
        ["qwen2"] = "Qwen2",
        ["qwen3"] = "Qwen3",
        ["smollm3"] = "SmolLM3",
        ["stablelm"] = "StableLm",
    };

    /// <summary>Whether a config.json needs the file beside it; factors in integers are not for transformers.</summary>
    public static bool IsUsedBy(JsonObject config) => IsNamedBy(config) && config.ContainsKey(AutoMap);

    /// <summary>Whether a config.json is that of a folder with factors.</summary>
    public static bool IsNamedBy(JsonObject config) =>
        (config["model_type"] as JsonValue)?.ToString().StartsWith(Prefix, StringComparison.Ordinal) ?? false;

    /// <summary>The model_type of transformers' own family: "svdsurgeon_llama" is "llama".</summary>
    public static string PlainModelType(string modelType) =>
        modelType.StartsWith(Prefix, StringComparison.Ordinal) ? modelType[Prefix.Length..] : modelType;

    /// <summary>A config.json for these modules: as it was where all of them are one matrix, and with the keys above where not.</summary>
    /// <param name="config">The source's config.json, of a dense model or of one with factors.</param>
    /// <param name="modules">Forms of the modules that are not one matrix, by name.</param>
    /// <exception cref="InvalidModelException">The family has no classes in the file.</exception>
    public static JsonObject Config(JsonObject config, JsonObject modules)
    {
        var written = Plain(config);
        if (modules.Count == 0)
            return written;
        string modelType = (string?)written["model_type"] ?? "";
        RequireFamily(modelType);
        string family = Families[modelType];
        string classes = $"SvdSurgeon{family}";
        written["model_type"] = Prefix + modelType;
        written["architectures"] = new JsonArray($"{classes}ForCausalLM");
        string file = Path.GetFileNameWithoutExtension(Name);
        written[AutoMap] = new JsonObject
        {
            ["AutoConfig"] = $"{file}.{classes}Config",
            ["AutoModel"] = $"{file}.{classes}Model",
            ["AutoModelForCausalLM"] = $"{file}.{classes}ForCausalLM",
        };
        if (written[Section] is not JsonObject about)
            written[Section] = about = [];
        about[Modules] = modules;
        return written;
    }

    /// <summary>Refuses, before any work, factors of a family that the file has no classes for.</summary>
    /// <exception cref="InvalidModelException">It has none.</exception>
    public static void RequireFamily(string modelType)
    {
        if (!Families.ContainsKey(modelType))
            throw new InvalidModelException(
                $"Factors of architecture '{modelType}' cannot be written: {Name} has classes for {string.Join(", ", Families.Keys)}. "
                    + "Use --dense, which multiplies them out."
            );
    }

    /// <summary>The config.json of the dense model of this shape.</summary>
    public static JsonObject Plain(JsonObject config)
    {
        var plain = (JsonObject)config.DeepClone();
        (plain[Section] as JsonObject)?.Remove(Modules);
        if (!IsNamedBy(config))
            return plain;
        string modelType = PlainModelType((string)config["model_type"]!);
        plain["model_type"] = modelType;
        plain.Remove(AutoMap);
        if (Families.TryGetValue(modelType, out string? family))
            plain["architectures"] = new JsonArray($"{family}ForCausalLM");
        return plain;
    }

    /// <summary>Writes the file into a folder.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string folder)
    {
        using var text = typeof(ModelingFile).Assembly.GetManifestResourceStream(Name)!;
        AtomicFile.Write(Path.Combine(folder, Name), text.CopyTo, text.Length);
    }
}
