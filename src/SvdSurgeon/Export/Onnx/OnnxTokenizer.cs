using System.Text.Json.Nodes;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.IO;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Export.Onnx;

/// <summary>
/// The tokenizer's files of an ONNX folder: tokenizer.json, written where the source has none, and tokenizer_config.json. GenAI and
/// transformers.js read these two, and a chat template from the second or from a file beside it.
/// </summary>
internal sealed class OnnxTokenizer
{
    private const string Json = "tokenizer.json";
    private const string Config = "tokenizer_config.json";
    private static readonly string[] Companions = ["special_tokens_map.json", "added_tokens.json", "generation_config.json"];

    private readonly string _source;
    private readonly GgufFile? _gguf;
    private readonly Tokenizer? _written;

    private OnnxTokenizer(ExportModel model, Tokenizer? written) =>
        (_source, _gguf, _written) = (model.Source.Path, model.Source.Gguf, written);

    /// <summary>Looks what there is, before any work.</summary>
    /// <exception cref="InvalidModelException">There is no tokenizer, or one that has to be written and cannot be read.</exception>
    public static OnnxTokenizer Find(ExportModel model)
    {
        bool complete = model.Source.Gguf is null && new[] { Json, Config }.All(name => File.Exists(Path.Combine(model.Source.Path, name)));
        return new(model, complete ? null : model.Tokenizer);
    }

    /// <summary>Writes the files into <paramref name="folder"/>.</summary>
    /// <exception cref="InvalidModelException">The tokenizer has a part that tokenizer.json cannot say.</exception>
    public void Write(string folder)
    {
        _written?.WriteTokenizerJson(Path.Combine(folder, Json));
        if (_gguf is null)
            Copy(folder);
        else if (_gguf.Metadata.Text("tokenizer.chat_template") is { } template)
            Change(Path.Combine(folder, Config), config => config["chat_template"] = template);
        if (File.ReadAllBytes(Path.Combine(folder, Json)).AsSpan().IndexOf("p{Nd}\""u8) >= 0)
            Change(Path.Combine(folder, Json), UseDigits);
    }

    private void Copy(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(_source).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(file);
            if (name is not (Json or Config) && !Companions.Contains(name) && !name.StartsWith("chat_template", StringComparison.Ordinal))
                continue;
            using var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            AtomicFile.Write(Path.Combine(folder, name), input.CopyTo, input.Length);
        }
    }

    // GenAI has a fixed set of patterns and no \p{Nd} alone, but it has this component, and means decimal digits by it.
    private static void UseDigits(JsonObject tokenizer)
    {
        if (tokenizer["pre_tokenizer"]?["pretokenizers"] is not JsonArray parts)
            return;
        for (int i = 0; i < parts.Count; i++)
            if (parts[i]?["pattern"]?["Regex"]?.GetValue<string>() == Tokenization.Splitting.DigitSplitter.DecimalPattern)
                parts[i] = new JsonObject { ["type"] = "Digits", ["individual_digits"] = true };
    }

    private static void Change(string path, Action<JsonObject> change)
    {
        var json = JsonFile.ReadObject(path);
        change(json);
        AtomicFile.WriteAllText(path, JsonText.Indented(json));
    }
}
