using System.Text.Json.Nodes;
using SvdSurgeon.IO;

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
            Model = ReadFile(root.Object("model") ?? throw root.Missing("model")),
            Calibration = ReadCalibration(root.Object("calibration") ?? throw root.Missing("calibration")),
            Evaluation = root.Object("evaluation") is { } evaluation ? ReadEvaluation(evaluation) : null,
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
            ["model"] = Json(Model),
            ["calibration"] = CalibrationJson(),
            ["evaluation"] = EvaluationJson(),
            ["ratios"] = new JsonArray([.. Options.Ratios.Select(ratio => (JsonNode)ratio)]),
            ["options"] = Options.ToJson(),
        };

    /// <summary>Writes the file.</summary>
    public void Write(string path) => AtomicFile.WriteAllText(path, JsonText.Indented(ToJson()));

    /// <summary>The recipe of some of its ratios.</summary>
    public Recipe For(IReadOnlyList<double> ratios) => this with { Options = Options with { Ratios = ratios } };

    /// <summary>Whether the two differ in nothing but the ratios.</summary>
    public bool SameButRatios(Recipe other) => JsonNode.DeepEquals(For([]).ToJson(), other.For([]).ToJson());

    private JsonObject CalibrationJson()
    {
        var json = DataJson(Calibration.Texts, Calibration.Tokens);
        json["seqlen"] = Calibration.Length;
        if (Calibration.Texts.Count > 0)
            json["seed"] = Calibration.Seed;
        json["token_hash"] = Calibration.TokenHash;
        return json;
    }

    private JsonObject? EvaluationJson()
    {
        if (Evaluation is null)
            return null;
        var json = DataJson(Evaluation.Texts, Evaluation.Tokens);
        json["seqlen"] = Evaluation.Length;
        json["windows"] = Evaluation.Windows;
        return json;
    }

    private static JsonObject DataJson(IReadOnlyList<SourceFile> texts, SourceFile? tokens)
    {
        var json = new JsonObject();
        if (texts.Count > 0)
            json["texts"] = new JsonArray([.. texts.Select(Json)]);
        if (tokens is not null)
            json["tokens"] = Json(tokens);
        return json;
    }

    private static JsonObject Json(SourceFile file) => new() { ["path"] = file.Path, ["hash"] = file.Hash };

    private static SourceFile ReadFile(StrictObject json)
    {
        var file = new SourceFile(json.Text("path"), json.OptionalText("hash"));
        json.RequireNothingElse();
        return file;
    }

    private static CalibrationSource ReadCalibration(StrictObject json)
    {
        var source = new CalibrationSource
        {
            Texts = [.. json.Objects("texts").Select(ReadFile)],
            Tokens = json.Object("tokens") is { } tokens ? ReadFile(tokens) : null,
            Length = json.OptionalInteger("seqlen"),
            Seed = json.Unsigned("seed", 0),
            TokenHash = json.OptionalText("token_hash"),
        };
        json.RequireNothingElse();
        return source;
    }

    private static EvaluationSource ReadEvaluation(StrictObject json)
    {
        var source = new EvaluationSource
        {
            Texts = [.. json.Objects("texts").Select(ReadFile)],
            Tokens = json.Object("tokens") is { } tokens ? ReadFile(tokens) : null,
            Length = json.OptionalInteger("seqlen"),
            Windows = json.OptionalInteger("windows"),
        };
        json.RequireNothingElse();
        return source;
    }
}
