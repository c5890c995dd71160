using System.Text.Json.Nodes;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>
/// Which options stand in which artifacts' keys, stage by stage and in the order of the key: another value is another artifact. A stage
/// takes its part of the key from here. A part without a name is in the key by another input, such as the tokens, or decides whether the
/// stage runs at all. OptionKeyTests changes every option in turn and holds this table against what is on the disk.
/// </summary>
internal static class ArtifactOptions
{
    /// <summary>The metric in which a method decomposes, a part of several stages' keys.</summary>
    public const string Metric = "metric";

    /// <summary>The surgeon, a part of the modules' key.</summary>
    public const string Surgeon = "surgeon";

    private static readonly string[] Surgery = ["scale", "damping", "hdamping", "alpha", "shrinkage", "first_order"];

    private static readonly Part Pool = new("alpha", o => o.PoolFraction, "alpha", "collected_alpha");
    private static readonly Part Type = new("dtype", o => o.StorageType?.ToString(), "dtype");

    private static readonly Dictionary<string, Part[]> Parts = new(StringComparer.Ordinal)
    {
        [Metric] = [Option("method"), Option("whitening")],
        [Surgeon] = [Option("mode", "surgeon"), Option("by_layer", "surgeon_by_layer"), .. Surgery.Select(key => Option(key))],
        [StageNames.Gram] = [Through("sequences", "method")],
        [StageNames.Gradients] = [Through("sequences", "method", "refinements")],
        [StageNames.Factor] = [Option("storage"), Pool, Through("allocate", "sequential")],
        [StageNames.Columns] = [Option("columns"), Pool],
        [StageNames.Sequential] =
        [
            new Part("strength", o => o.Sequential!.Strength, "sequential"),
            new Part("damping", o => o.Sequential!.Damping, "sequential.damping"),
            Option("by_layer", "sequential_by_layer"),
            Option("storage"),
            Type,
            Pool,
            Through("sequences"),
        ],
        [StageNames.Update] = [Type, Through("update", "sequences")],
        [StageNames.Newton] = [Pool, Through("newton")],
        [StageNames.NewtonSearch] = [Pool, Through("newton")],
        [StageNames.Fisher] = [Through("surgeon", "allocate", "fisher", "fisher_sequences")],
        [StageNames.Sensitivity] = [Option("storage"), Through("allocate", "kl_sequences")],
        [StageNames.Modules] = [Option("storage"), Type, Through("bias_correction")],
        [StageNames.HeldOut] = [new Part("options", o => o.ToJson(), "sequential_search", "strength_search")],
    };

    // What a group of options is a part of.
    private static readonly Dictionary<string, string[]> Within = new(StringComparer.Ordinal)
    {
        [Metric] = [StageNames.Factor, StageNames.Columns, StageNames.Sequential, StageNames.Newton, StageNames.NewtonSearch],
        [Surgeon] = [StageNames.Modules],
    };

    /// <summary>A stage's options, for its key.</summary>
    public static JsonObject Of(string stage, CompressionOptions options)
    {
        var inputs = new JsonObject();
        Add(inputs, stage, options);
        return inputs;
    }

    /// <summary>Puts a stage's options into its key.</summary>
    public static void Add(JsonObject inputs, string stage, CompressionOptions options)
    {
        foreach (var part in Parts[stage])
            if (part.Name is not null)
                inputs[part.Name] = part.Value!(options);
    }

    /// <summary>The stages whose key an option is in.</summary>
    public static IReadOnlyList<string> Stages(string option) =>
        [
            .. Parts
                .Where(stage => stage.Value.Any(part => part.Options.Contains(option)))
                .SelectMany(stage => Within.GetValueOrDefault(stage.Key, [stage.Key]))
                .Distinct(),
        ];

    private static Part Option(string name, string? option = null)
    {
        string key = option ?? name;
        return new Part(name, o => OptionTable.Named(key).Write(o), key);
    }

    private static Part Through(params string[] options) => new(null, null, options);

    private sealed record Part(string? Name, Func<CompressionOptions, JsonNode?>? Value, params string[] Options);
}
