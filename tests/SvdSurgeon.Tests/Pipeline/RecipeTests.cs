using System.Reflection;
using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Sources;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// Recipes: nothing is lost on the way to the file and back, the schema describes them, and what is wrong in one is named.
/// </summary>
[TestFixture]
public sealed class RecipeTests
{
    // Every option with another value than its default; they need not fit together.
    private static readonly CompressionOptions Unusual = new()
    {
        Method = CompressionMethod.Kfac,
        Surgeon = SurgeonMode.Select,
        Whitening = WhiteningForm.Eigen,
        Allocate = AllocationRule.Spectrum,
        Storage = StorageForm.Pivoted,
        Columns = ColumnMode.Refit,
        Sequential = new SequentialOptions(0.25, 0.01),
        Update = true,
        BiasCorrection = true,
        Refinements = 2,
        Newton = 3,
        Fisher = FisherSamples.Tokens,
        Sequences = 7,
        FisherSequences = 9,
        KlSequences = 11,
        SurgeonOptions = new SurgeonOptions
        {
            Scale = 0.5,
            Damping = 1e-3,
            SelectionDamping = 0.7,
            PoolFraction = 0.3,
            Shrinkage = Shrinkage.LedoitWolf,
            FirstOrderWeight = 0.125,
        },
        SequentialByLayer = [new(0.5, 0.02), new(1, 0.03)],
        SearchSequential = true,
        SearchStrength = true,
        CollectedPool = 0.6,
        // By layer only c, ε and α differ.
        SurgeonByLayer =
        [
            new SurgeonOptions
            {
                Scale = 0.2,
                Damping = 1e-4,
                SelectionDamping = 0.7,
                PoolFraction = 0.4,
                Shrinkage = Shrinkage.LedoitWolf,
                FirstOrderWeight = 0.125,
            },
        ],
        Dense = true,
        StorageType = DType.BF16,
        Ratios = [0.8, 0.45],
    };

    private static Recipe Full =>
        new()
        {
            Version = "9.8.7",
            Model = new SourceFile("models/some model", "ab12"),
            Options = Unusual,
            Calibration = new CalibrationSource
            {
                Texts = [new SourceFile("a.txt", "01"), new SourceFile("b.jsonl.gz")],
                Length = 128,
                Seed = ulong.MaxValue,
                TokenHash = "ff",
            },
            Evaluation = new EvaluationSource
            {
                Tokens = new SourceFile("ids.npy", "23"),
                Length = 64,
                Windows = 5,
            },
        };

    [Test]
    public void Every_option_survives_the_way_to_JSON_and_back()
    {
        var defaults = new CompressionOptions { Ratios = [] };
        AssertNoneDefault(Unusual, defaults, nameof(CompressionOptions.CalibrationSequences));
        // Selection follows from the surgeon's mode.
        AssertNoneDefault(Unusual.SurgeonOptions, defaults.SurgeonOptions, nameof(SurgeonOptions.Selection));
        AssertNoneDefault(Unusual.Sequential!, new SequentialOptions());
        var read = CompressionOptions.FromJson((JsonObject)JsonNode.Parse(Unusual.ToJson().ToJsonString())!, Unusual.Ratios, "test");
        Assert.That(read.SequentialByLayer, Is.EqualTo(Unusual.SequentialByLayer));
        Assert.That(read.SurgeonByLayer, Is.EqualTo(Unusual.SurgeonByLayer));
        // Records compare lists by reference.
        Assert.That(
            read with
            {
                SequentialByLayer = Unusual.SequentialByLayer,
                SurgeonByLayer = Unusual.SurgeonByLayer,
            },
            Is.EqualTo(Unusual)
        );
    }

    [Test]
    public void A_recipe_survives_the_way_to_JSON_and_back()
    {
        var json = Full.ToJson();
        var read = Recipe.FromJson((JsonObject)JsonNode.Parse(json.ToJsonString())!, "test");
        Assert.That(read.ToJson().ToJsonString(), Is.EqualTo(json.ToJsonString()));
        Assert.That(read.Calibration.Seed, Is.EqualTo(ulong.MaxValue));
        Assert.That(read.Evaluation!.Windows, Is.EqualTo(5));
    }

    [Test]
    public void What_a_recipe_leaves_out_has_its_default()
    {
        var recipe = Recipe.FromJson(
            (JsonObject)JsonNode.Parse("""{ "model": { "path": "m" }, "calibration": { "texts": [{ "path": "t" }] }, "ratios": [0.5] }""")!,
            "test"
        );
        Assert.That(
            recipe.Options.ToJson().ToJsonString(),
            Is.EqualTo(
                new CompressionOptions { Ratios = [] }
                    .ToJson()
                    .ToJsonString()
            )
        );
        Assert.That(recipe.Evaluation, Is.Null);
    }

    [Test]
    public void The_schema_accepts_every_recipe_that_is_written()
    {
        Assert.That(JsonSchema.Recipe.Errors(Full.ToJson()), Is.Empty);
        var plain = Full with
        {
            Options = new CompressionOptions { Ratios = [0.5] },
            Evaluation = null,
        };
        Assert.That(JsonSchema.Recipe.Errors(plain.ToJson()), Is.Empty);
    }

    [
        TestCase("""{ "ratios": [1.5] }"""),
        TestCase("""{ "model": { "file": "m" } }"""),
        TestCase("""{ "options": { "method": "magic" } }"""),
        TestCase("""{ "options": { "rank": 3 } }""")
    ]
    public void The_schema_refuses_what_the_program_refuses(string change)
    {
        var json = Full.ToJson();
        foreach (var (key, value) in (JsonObject)JsonNode.Parse(change)!)
            json[key] = value?.DeepClone();
        Assert.That(JsonSchema.Recipe.Errors(json), Is.Not.Empty);
        Assert.That(() => Recipe.FromJson(json, "test").Options.Validate(), Throws.TypeOf<InvalidInputException>());
    }

    [Test]
    public void The_schema_lists_the_options_their_values_and_their_defaults()
    {
        var described = (JsonObject)JsonSchema.Recipe.Root["properties"]!["options"]!["properties"]!;
        var defaults = new CompressionOptions { Ratios = [] }.ToJson();
        Assert.That(described.Select(p => p.Key), Is.EquivalentTo(defaults.Select(p => p.Key)));
        foreach (var (key, schema) in described)
        {
            // Defaults are compared as text: 1 and 1.0 are the same number.
            if (schema!.AsObject().ContainsKey("default"))
                Assert.That(
                    CompressionOptions
                        .FromJson(new JsonObject { [key] = schema["default"]?.DeepClone() }, [], "schema")
                        .ToJson()[key]
                        ?.ToJsonString(),
                    Is.EqualTo(defaults[key]?.ToJsonString()),
                    key
                );
            if (schema["enum"] is JsonArray values)
                foreach (var value in values)
                    Assert.That(
                        () => CompressionOptions.FromJson(new JsonObject { [key] = value?.DeepClone() }, [], "schema"),
                        Throws.Nothing,
                        $"{key} {value}"
                    );
        }
    }

    [TestCase("""{ "options": { "sequnces": 4 } }""", "'options.sequnces'", "'sequences'")]
    [TestCase("""{ "options": { "sequential": { "strenght": 1 } } }""", "'options.sequential.strenght'", "'strength'")]
    [TestCase("""{ "calibraton": {} }""", "'calibraton'", "'calibration'")]
    [TestCase("""{ "options": { "sequences": "many" } }""", "'options.sequences'", "a whole number")]
    [TestCase("""{ "options": { "method": "magic" } }""", "'options.method'", "svd, asvd")]
    [TestCase("""{ "ratios": 0.5 }""", "'ratios'", "an array of numbers")]
    [TestCase("""{ "format_version": 2 }""", "format 2", "reads 1")]
    public void What_is_wrong_is_named_with_the_way_out(string change, string what, string wayOut)
    {
        var json = Full.ToJson();
        foreach (var (key, value) in (JsonObject)JsonNode.Parse(change)!)
            json[key] = value?.DeepClone();
        Assert.That(
            () => Recipe.FromJson(json, "my.json"),
            Throws
                .TypeOf<InvalidInputException>()
                .With.Message.StartsWith("my.json")
                .And.Message.Contains(what)
                .And.Message.Contains(wayOut)
        );
    }

    [Test]
    public void Every_output_folder_contains_the_recipe_that_made_it()
    {
        using var tales = new TinyTales();
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Svd,
            Surgeon = SurgeonMode.None,
            Ratios = [0.5],
        };
        string ratio = tales.Compress(options, 8, 4).Models[0].Folder,
            output = Path.GetDirectoryName(ratio)!;
        tales.Compress(options with { Ratios = [0.7] }, 8, 4);
        Assert.Multiple(() =>
        {
            Assert.That(Recipe.Read(Path.Combine(ratio, "recipe.json")).Options.Ratios, Is.EqualTo(new[] { 0.5 }));
            Assert.That(
                Recipe.Read(Path.Combine(output, "recipe.json")).Options.Ratios,
                Is.EqualTo(new[] { 0.5, 0.7 }),
                "runs that add ratios are one recipe"
            );
            Assert.That(JsonSchema.Recipe.Errors(JsonNode.Parse(File.ReadAllText(Path.Combine(ratio, "recipe.json")))), Is.Empty);
            Assert.That(
                () => OpenedRecipe.Open(Recipe.Read(Path.Combine(ratio, "recipe.json"))),
                Throws.TypeOf<InvalidInputException>().With.Message.Contains("in memory")
            );
        });
    }

    private static void AssertNoneDefault<T>(T unusual, T defaults, params string[] except) =>
        Assert.Multiple(() =>
        {
            foreach (var property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
                if (!except.Contains(property.Name))
                    Assert.That(
                        property.GetValue(unusual),
                        Is.Not.EqualTo(property.GetValue(defaults)),
                        $"give {property.Name} another value in this test, and add it to ToJson, FromJson and the schema"
                    );
        });
}
