using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>
/// All that a run which makes models of integers does, as a file that repeats it to the same bytes: a recipe with <c>bits</c> or
/// <c>target_bytes</c> in the place of <c>ratios</c>.
/// </summary>
internal sealed record BitsRecipe
{
    private const int FormatVersion = 1;

    /// <summary>Version of the program that wrote it.</summary>
    public string Version { get; init; } = Recipe.ProgramVersion;

    /// <summary>The dense model: a Hugging Face folder or a GGUF file.</summary>
    public required SourceFile Model { get; init; }

    /// <summary>Calibration data.</summary>
    public required CalibrationSource Calibration { get; init; }

    /// <summary>Evaluation data; null for no evaluation.</summary>
    public EvaluationSource? Evaluation { get; init; }

    /// <summary>Sizes and how to round.</summary>
    public required BitsOptions Options { get; init; }

    /// <summary>Whether a recipe is of this kind.</summary>
    public static bool IsOne(JsonObject recipe) => recipe.ContainsKey("bits") || recipe.ContainsKey("target_bytes");

    /// <summary>A recipe from its JSON; docs/recipe.bits.schema.json describes it.</summary>
    /// <exception cref="InvalidInputException">A key is unknown or a value is of another kind.</exception>
    public static BitsRecipe FromJson(JsonObject json, string file)
    {
        var root = new StrictObject(json, file);
        root.OptionalText("$schema");
        if (root.Integer("format_version", FormatVersion) is var format && format != FormatVersion)
            throw new InvalidInputException(
                $"{file}: the recipe has format {format}, this program reads {FormatVersion}. Use the program's version that wrote it."
            );
        var recipe = new BitsRecipe
        {
            Version = root.OptionalText("version") ?? Recipe.ProgramVersion,
            Model = SourceJson.File(root, "model"),
            Calibration = SourceJson.Calibration(root),
            Evaluation = SourceJson.Evaluation(root),
            Options = BitsOptions.Read(root, root.Object("options") ?? new StrictObject([], file, "options.")),
        };
        root.RequireNothingElse();
        return recipe;
    }

    /// <summary>The recipe as it is written.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["format_version"] = FormatVersion,
            ["version"] = Version,
            ["model"] = SourceJson.Of(Model),
            ["calibration"] = SourceJson.Of(Calibration),
            ["evaluation"] = SourceJson.Of(Evaluation),
        };
        if (Options.TargetBytes is { } bytes)
            json["target_bytes"] = bytes;
        else
            json["bits"] = new JsonArray([.. Options.Bits.Select(bits => (JsonNode)bits)]);
        json["options"] = Options.ToJson();
        return json;
    }

    /// <summary>Writes the file.</summary>
    public void Write(string path) => AtomicFile.WriteAllText(path, JsonText.Indented(ToJson()));

    /// <summary>
    /// Writes the recipe of a run into its output folder. A run that only adds sizes to an earlier one's joins them in one recipe.
    /// </summary>
    public void WriteInto(string folder)
    {
        string file = Path.Combine(folder, Recipe.FileName);
        var recipe = this;
        if (
            Options.Bits.Count > 0
            && File.Exists(file)
            && JsonFile.ReadObject(file) is var json
            && IsOne(json)
            && FromJson(json, file) is { Options.Bits.Count: > 0 } earlier
            && JsonNode.DeepEquals(earlier.For([]).ToJson(), For([]).ToJson())
        )
            recipe = For([.. earlier.Options.Bits.Union(Options.Bits)]);
        recipe.Write(file);
    }

    /// <summary>The recipe of some of its sizes.</summary>
    public BitsRecipe For(IReadOnlyList<double> bits) => this with { Options = Options with { Bits = bits } };
}
