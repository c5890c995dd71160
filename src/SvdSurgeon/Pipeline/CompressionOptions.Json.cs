using System.Text.Json.Nodes;
using SvdSurgeon.Compression;
using SvdSurgeon.Formats;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline;

/// <summary>Options as JSON: in recipes, in a compressed model's config and in artifact keys. docs/recipe.schema.json describes the same keys.</summary>
public sealed partial record CompressionOptions
{
    /// <summary>The options that determine the numbers of a compressed model, all but the ratios.</summary>
    public JsonObject ToJson() => new()
    {
        ["method"] = Name(Method),
        ["surgeon"] = Name(Surgeon),
        ["whitening"] = Name(Whitening),
        ["allocate"] = Name(Allocate),
        ["storage"] = Name(Storage),
        ["columns"] = Columns is { } columns ? Name(columns) : "none",
        ["sequential"] = Sequential is null ? null : new JsonObject { ["strength"] = Sequential.Strength, ["damping"] = Sequential.Damping },
        ["refinements"] = Refinements,
        ["fisher"] = Name(Fisher),
        ["sequences"] = Sequences,
        ["fisher_sequences"] = FisherSequences,
        ["kl_sequences"] = KlSequences,
        ["scale"] = SurgeonOptions.Scale,
        ["damping"] = SurgeonOptions.Damping,
        ["hdamping"] = SurgeonOptions.SelectionDamping,
        ["alpha"] = SurgeonOptions.PoolFraction,
        ["shrinkage"] = Name(SurgeonOptions.Shrinkage),
        ["first_order"] = SurgeonOptions.FirstOrderWeight,
        ["dense"] = Dense,
        ["dtype"] = StorageType is { } type ? Name(type) : null,
    };

    /// <summary>Options from what <see cref="ToJson"/> wrote, or a person: what is not there has its default.</summary>
    /// <param name="json">The options' object.</param>
    /// <param name="ratios">Kept fractions.</param>
    /// <param name="file">What the file is called in an error message.</param>
    /// <exception cref="InvalidInputException">A key is unknown or a value is of another kind; whether values fit together says <see cref="Validate"/>.</exception>
    public static CompressionOptions FromJson(JsonObject json, IReadOnlyList<double> ratios, string file) => Read(new StrictObject(json, file), ratios);

    internal static CompressionOptions Read(StrictObject json, IReadOnlyList<double> ratios)
    {
        var defaults = new CompressionOptions { Ratios = ratios };
        var surgeon = defaults.SurgeonOptions;
        var options = new CompressionOptions
        {
            Ratios = ratios,
            Method = json.Named("method", defaults.Method),
            Surgeon = json.Named("surgeon", defaults.Surgeon),
            Whitening = json.Named("whitening", defaults.Whitening),
            Allocate = json.Named("allocate", defaults.Allocate),
            Storage = json.Named("storage", defaults.Storage),
            Columns = json.OptionalNamed<ColumnMode>("columns"),
            Sequential = ReadSequential(json.Object("sequential")),
            Refinements = json.Integer("refinements", defaults.Refinements),
            Fisher = json.Named("fisher", defaults.Fisher),
            Sequences = json.Integer("sequences", defaults.Sequences),
            FisherSequences = json.Integer("fisher_sequences", defaults.FisherSequences),
            KlSequences = json.Integer("kl_sequences", defaults.KlSequences),
            SurgeonOptions = new SurgeonOptions
            {
                Scale = json.Number("scale", surgeon.Scale),
                Damping = json.Number("damping", surgeon.Damping),
                SelectionDamping = json.Number("hdamping", surgeon.SelectionDamping),
                PoolFraction = json.Number("alpha", surgeon.PoolFraction),
                Shrinkage = json.Named("shrinkage", surgeon.Shrinkage),
                FirstOrderWeight = json.Number("first_order", surgeon.FirstOrderWeight),
            },
            Dense = json.Flag("dense", defaults.Dense),
            StorageType = json.OptionalNamed<DType>("dtype"),
        };
        json.RequireNothingElse();
        return options;
    }

    /// <summary>The surgeon's options, for artifact keys.</summary>
    internal JsonObject SurgeonJson() => new()
    {
        ["mode"] = Name(Surgeon),
        ["scale"] = SurgeonOptions.Scale,
        ["damping"] = SurgeonOptions.Damping,
        ["hdamping"] = SurgeonOptions.SelectionDamping,
        ["alpha"] = SurgeonOptions.PoolFraction,
        ["shrinkage"] = Name(SurgeonOptions.Shrinkage),
        ["first_order"] = SurgeonOptions.FirstOrderWeight,
    };

    private static SequentialOptions? ReadSequential(StrictObject? json)
    {
        if (json is null) return null;
        var defaults = new SequentialOptions();
        var sequential = new SequentialOptions(json.Number("strength", defaults.Strength), json.Number("damping", defaults.Damping));
        json.RequireNothingElse();
        return sequential;
    }

    private static string Name<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
