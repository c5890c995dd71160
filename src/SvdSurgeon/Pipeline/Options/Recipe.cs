using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>
/// All that a run of the compressor does, as a file that repeats it: the same bytes on the same kind of machine, whatever the number of
/// threads.
/// </summary>
internal sealed record Recipe
{
    /// <summary>The name that recipes have in output folders.</summary>
    public const string FileName = "recipe.json";
    private const int FormatVersion = 1;

    /// <summary>Version of the program that wrote it.</summary>
    public string Version { get; init; } = ProgramVersion;

    /// <summary>The dense model: a Hugging Face folder or a GGUF file.</summary>
    public required SourceFile Model { get; init; }

    /// <summary>Calibration data.</summary>
    public required CalibrationSource Calibration { get; init; }

    /// <summary>Evaluation data; null for no evaluation.</summary>
    public EvaluationSource? Evaluation { get; init; }

    /// <summary>Method, ratios, sizes.</summary>
    public required CompressionOptions Options { get; init; }

    /// <summary>Version of this program.</summary>
    public static string ProgramVersion => typeof(Recipe).Assembly.GetName().Version!.ToString(3);

    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="InvalidModelException">It is missing or no JSON object.</exception>
    /// <exception cref="InvalidInputException">It has an unknown key or a value of another kind.</exception>
    public static Recipe Read(string path) => FromJson(JsonFile.ReadObject(path), path);

    /// <summary>A recipe from its JSON; docs/recipe.schema.json describes it.</summary>
    /// <exception cref="InvalidInputException">A key is unknown or a value is of another kind.</exception>
    public static Recipe FromJson(JsonObject json, string file)
    {
        var root = new StrictObject(json, file);
        root.OptionalText("$schema");
        if (root.Integer("format_version", FormatVersion) is var format && format != FormatVersion)
            throw new InvalidInputException(
                $"{file}: the recipe has format {format}, this program reads {FormatVersion}. Use the program's version that wrote it."
            );
        var recipe = new Recipe
        {
            Version = root.OptionalText("version") ?? ProgramVersion,
            Model = SourceJson.File(root, "model"),
            Calibration = SourceJson.Calibration(root),
            Evaluation = SourceJson.Evaluation(root),
            Options = CompressionOptions.Read(root.Object("options") ?? new StrictObject([], file, "options."), root.Numbers("ratios")),
        };
        root.RequireNothingElse();
        return recipe;
    }

    /// <summary>The recipe as it is written.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["format_version"] = FormatVersion,
            ["version"] = Version,
            ["model"] = SourceJson.Of(Model),
            ["calibration"] = SourceJson.Of(Calibration),
            ["evaluation"] = SourceJson.Of(Evaluation),
            ["ratios"] = new JsonArray([.. Options.Ratios.Select(ratio => (JsonNode)ratio)]),
            ["options"] = Options.ToJson(),
        };

    /// <summary>Writes the file.</summary>
    public void Write(string path) => AtomicFile.WriteAllText(path, JsonText.Indented(ToJson()));

    /// <summary>The recipe of some of its ratios.</summary>
    public Recipe For(IReadOnlyList<double> ratios) => this with { Options = Options with { Ratios = ratios } };

    /// <summary>Whether the two differ in nothing but the ratios.</summary>
    public bool SameButRatios(Recipe other) => JsonNode.DeepEquals(For([]).ToJson(), other.For([]).ToJson());
}
