using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Sources;

/// <summary>The files that a recipe names, as they stand in it.</summary>
internal static class SourceJson
{
    /// <summary>A file.</summary>
    public static JsonObject Of(SourceFile file) => new() { ["path"] = file.Path, ["hash"] = file.Hash };

    /// <summary>Calibration data.</summary>
    public static JsonObject Of(CalibrationSource source)
    {
        var json = Data(source.Texts, source.Tokens);
        json["seqlen"] = source.Length;
        if (source.Texts.Count > 0)
            json["seed"] = source.Seed;
        json["token_hash"] = source.TokenHash;
        return json;
    }

    /// <summary>Evaluation data.</summary>
    public static JsonObject? Of(EvaluationSource? source)
    {
        if (source is null)
            return null;
        var json = Data(source.Texts, source.Tokens);
        json["seqlen"] = source.Length;
        json["windows"] = source.Windows;
        return json;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">The key is missing, or something in it is unknown or of another kind.</exception>
    public static SourceFile File(StrictObject recipe, string key) => File(recipe.Object(key) ?? throw recipe.Missing(key));

    /// <summary>Reads the calibration data.</summary>
    /// <exception cref="InvalidInputException">The key is missing, or something in it is unknown or of another kind.</exception>
    public static CalibrationSource Calibration(StrictObject recipe)
    {
        var json = recipe.Object("calibration") ?? throw recipe.Missing("calibration");
        var source = new CalibrationSource
        {
            Texts = [.. json.Objects("texts").Select(File)],
            Tokens = json.Object("tokens") is { } tokens ? File(tokens) : null,
            Length = json.OptionalInteger("seqlen"),
            Seed = json.Unsigned("seed", 0),
            TokenHash = json.OptionalText("token_hash"),
        };
        json.RequireNothingElse();
        return source;
    }

    /// <summary>Reads the evaluation data; null for none.</summary>
    /// <exception cref="InvalidInputException">Something in it is unknown or of another kind.</exception>
    public static EvaluationSource? Evaluation(StrictObject recipe)
    {
        if (recipe.Object("evaluation") is not { } json)
            return null;
        var source = new EvaluationSource
        {
            Texts = [.. json.Objects("texts").Select(File)],
            Tokens = json.Object("tokens") is { } tokens ? File(tokens) : null,
            Length = json.OptionalInteger("seqlen"),
            Windows = json.OptionalInteger("windows"),
        };
        json.RequireNothingElse();
        return source;
    }

    private static SourceFile File(StrictObject json)
    {
        var file = new SourceFile(json.Text("path"), json.OptionalText("hash"));
        json.RequireNothingElse();
        return file;
    }

    private static JsonObject Data(IReadOnlyList<SourceFile> texts, SourceFile? tokens)
    {
        var json = new JsonObject();
        if (texts.Count > 0)
            json["texts"] = new JsonArray([.. texts.Select(Of)]);
        if (tokens is not null)
            json["tokens"] = Of(tokens);
        return json;
    }
}
