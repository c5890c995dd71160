using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>
/// Options as JSON: in recipes, in a compressed model's config and in artifact keys. docs/recipe.schema.json describes the same keys.
/// </summary>
public sealed partial record CompressionOptions
{
    /// <summary>The options that determine the numbers of a compressed model, all but the ratios.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["method"] = Method.Name,
            ["surgeon"] = Name(Surgeon),
            ["whitening"] = Name(Whitening),
            ["allocate"] = Allocate.Name,
            ["storage"] = Name(Storage),
            ["columns"] = Columns is { } columns ? Name(columns) : "none",
            ["sequential"] = Sequential is null ? null : Json(Sequential),
            ["sequential_by_layer"] = SequentialByLayerJson(),
            ["sequential_search"] = SearchSequential,
            ["update"] = Update,
            ["bias_correction"] = BiasCorrection,
            ["refinements"] = Refinements,
            ["newton"] = Newton,
            ["fisher"] = Name(Fisher),
            ["sequences"] = Sequences,
            ["fisher_sequences"] = FisherSequences,
            ["kl_sequences"] = KlSequences,
            ["scale"] = SurgeonOptions.Scale,
            ["damping"] = SurgeonOptions.Damping,
            ["hdamping"] = SurgeonOptions.SelectionDamping,
            ["alpha"] = SurgeonOptions.PoolFraction,
            ["collected_alpha"] = CollectedPool,
            ["surgeon_by_layer"] = SurgeonByLayerJson(),
            ["strength_search"] = SearchStrength,
            ["shrinkage"] = Name(SurgeonOptions.Shrinkage),
            ["first_order"] = SurgeonOptions.FirstOrderWeight,
            ["dense"] = Dense,
            ["dtype"] = StorageType is { } type ? Name(type) : null,
        };

    /// <summary>Options from what <see cref="ToJson"/> wrote, or a person: what is not there has its default.</summary>
    /// <param name="json">The options' object.</param>
    /// <param name="ratios">Kept fractions.</param>
    /// <param name="file">What the file is called in an error message.</param>
    /// <exception cref="InvalidInputException">A key is unknown or a value is of another kind; whether values fit together says
    /// <see cref="Validate"/>.</exception>
    public static CompressionOptions FromJson(JsonObject json, IReadOnlyList<double> ratios, string file) =>
        Read(new StrictObject(json, file), ratios);

    internal static CompressionOptions Read(StrictObject json, IReadOnlyList<double> ratios)
    {
        var defaults = new CompressionOptions { Ratios = ratios };
        var surgeon = defaults.SurgeonOptions;
        var common = new SurgeonOptions
        {
            Scale = json.Number("scale", surgeon.Scale),
            Damping = json.Number("damping", surgeon.Damping),
            SelectionDamping = json.Number("hdamping", surgeon.SelectionDamping),
            PoolFraction = json.Number("alpha", surgeon.PoolFraction),
            Shrinkage = json.Named("shrinkage", surgeon.Shrinkage),
            FirstOrderWeight = json.Number("first_order", surgeon.FirstOrderWeight),
        };
        var options = new CompressionOptions
        {
            Ratios = ratios,
            Method = json.Named("method", defaults.Method, CompressionMethod.All),
            Surgeon = json.Named("surgeon", defaults.Surgeon),
            Whitening = json.Named("whitening", defaults.Whitening),
            Allocate = json.Named("allocate", defaults.Allocate, AllocationRule.All),
            Storage = json.Named("storage", defaults.Storage),
            Columns = json.OptionalNamed<ColumnMode>("columns"),
            Sequential = json.Object("sequential") is { } sequential ? ReadSequential(sequential) : null,
            SequentialByLayer = Layers(json.Objects("sequential_by_layer"), ReadSequential),
            SearchSequential = json.Flag("sequential_search", defaults.SearchSequential),
            Update = json.Flag("update", defaults.Update),
            BiasCorrection = json.Flag("bias_correction", defaults.BiasCorrection),
            Refinements = json.Integer("refinements", defaults.Refinements),
            Newton = json.Integer("newton", defaults.Newton),
            Fisher = json.Named("fisher", defaults.Fisher),
            Sequences = json.Integer("sequences", defaults.Sequences),
            FisherSequences = json.Integer("fisher_sequences", defaults.FisherSequences),
            KlSequences = json.Integer("kl_sequences", defaults.KlSequences),
            SurgeonOptions = common,
            SurgeonByLayer = Layers(json.Objects("surgeon_by_layer"), layer => ReadSurgeon(layer, common)),
            CollectedPool = json.OptionalNumber("collected_alpha"),
            SearchStrength = json.Flag("strength_search", defaults.SearchStrength),
            Dense = json.Flag("dense", defaults.Dense),
            StorageType = json.OptionalNamed<DType>("dtype"),
        };
        json.RequireNothingElse();
        return options;
    }

    /// <summary>The surgeon's options, for artifact keys.</summary>
    internal JsonObject SurgeonJson() =>
        new()
        {
            ["mode"] = Name(Surgeon),
            ["by_layer"] = SurgeonByLayerJson(),
            ["scale"] = SurgeonOptions.Scale,
            ["damping"] = SurgeonOptions.Damping,
            ["hdamping"] = SurgeonOptions.SelectionDamping,
            ["alpha"] = SurgeonOptions.PoolFraction,
            ["shrinkage"] = Name(SurgeonOptions.Shrinkage),
            ["first_order"] = SurgeonOptions.FirstOrderWeight,
        };

    /// <summary>β and λ by layer, for artifact keys; null where they are the same everywhere.</summary>
    internal JsonArray? SequentialByLayerJson() => SequentialByLayer is null ? null : new JsonArray([.. SequentialByLayer.Select(Json)]);

    internal static JsonObject Json(SequentialOptions options) => new() { ["strength"] = options.Strength, ["damping"] = options.Damping };

    private JsonArray? SurgeonByLayerJson() =>
        SurgeonByLayer is null
            ? null
            : new JsonArray([
                .. SurgeonByLayer.Select(o => new JsonObject
                {
                    ["scale"] = o.Scale,
                    ["damping"] = o.Damping,
                    ["alpha"] = o.PoolFraction,
                }),
            ]);

    private static IReadOnlyList<T>? Layers<T>(IEnumerable<StrictObject> layers, Func<StrictObject, T> read)
    {
        T[] all = [.. layers.Select(read)];
        return all.Length == 0 ? null : all;
    }

    private static SurgeonOptions ReadSurgeon(StrictObject json, SurgeonOptions common)
    {
        var surgeon = common with
        {
            Scale = json.Number("scale", common.Scale),
            Damping = json.Number("damping", common.Damping),
            PoolFraction = json.Number("alpha", common.PoolFraction),
        };
        json.RequireNothingElse();
        return surgeon;
    }

    private static SequentialOptions ReadSequential(StrictObject json)
    {
        var defaults = new SequentialOptions();
        var sequential = new SequentialOptions(json.Number("strength", defaults.Strength), json.Number("damping", defaults.Damping));
        json.RequireNothingElse();
        return sequential;
    }

    private static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
