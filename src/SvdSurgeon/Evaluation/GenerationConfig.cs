using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Evaluation;

/// <summary>How a model's makers sample it, and which tokens end its texts: generation_config.json, or GGUF metadata.</summary>
/// <param name="Sampling">Temperature 0 where they do not sample.</param>
/// <param name="StopTokens">Of this file, of config.json and of the tokenizer, ascending.</param>
internal sealed record GenerationConfig(SamplingOptions Sampling, IReadOnlyList<int> StopTokens)
{
    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = "generation_config.json";

    // Tokens that end a turn rather than a text, in GGUF's metadata.
    private static readonly string[] GgufStops = ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

    /// <summary>Reads what lies beside a model; where there is nothing, the likeliest token is taken.</summary>
    /// <exception cref="InvalidModelException">The file is damaged, or a value makes no sense.</exception>
    public static GenerationConfig Of(Checkpoint model, Tokenizer tokenizer)
    {
        var stops = new SortedSet<int>(model.Config.EosTokenIds);
        if (tokenizer.EosTokenId >= 0)
            stops.Add(tokenizer.EosTokenId);
        var sampling = new SamplingOptions();
        string file = Path.Combine(model.Path, FileName);
        if (model.Gguf is { } gguf)
            stops.UnionWith(GgufStops.Select(key => gguf.Metadata.Integer(key)).OfType<long>().Select(id => (int)id));
        else if (File.Exists(file))
        {
            var keys = new ConfigKeys(JsonFile.ReadObject(file), file);
            stops.UnionWith(keys.TokenIds("eos_token_id", -1));
            if (keys.Flag("do_sample", false))
                sampling = ReadSampling(keys, file);
        }
        return new GenerationConfig(sampling, [.. stops]);
    }

    /// <summary>The file for a model that comes from GGUF.</summary>
    internal static JsonObject Json(Checkpoint model, Tokenizer tokenizer)
    {
        var json = new JsonObject();
        if (tokenizer.BosTokenId >= 0)
            json["bos_token_id"] = tokenizer.BosTokenId;
        int[] stops = [.. Of(model, tokenizer).StopTokens];
        json["eos_token_id"] = stops is [int only] ? only : new JsonArray([.. stops.Select(id => JsonValue.Create(id))]);
        return json;
    }

    private static SamplingOptions ReadSampling(ConfigKeys keys, string file)
    {
        var sampling = new SamplingOptions
        {
            Temperature = keys.PositiveNumber("temperature", 1),
            TopK = keys.NotNegative("top_k", 50), // transformers' own default
            TopP = keys.PositiveNumber("top_p", 1),
            MinP = keys.Has("min_p") ? keys.PositiveNumber("min_p") : 0,
        };
        try
        {
            sampling.Check();
        }
        catch (InvalidInputException e)
        {
            throw new InvalidModelException($"{file}: {e.Message.Replace("--", "", StringComparison.Ordinal)}", e);
        }
        return sampling;
    }
}
