using System.Text.Json;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.IO;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>
/// What the files beside a tokenizer say of its special tokens: tokenizer_config.json, special_tokens_map.json, added_tokens.json,
/// config.json.
/// </summary>
internal sealed class SpecialTokenSettings
{
    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token", "mask_token"];

    private readonly Dictionary<string, string> _tokens = [];
    private readonly HashSet<string> _additional = [];
    private readonly List<AddedToken> _added = [];

    public string? Bos => _tokens.GetValueOrDefault("bos_token");

    public string? Eos => _tokens.GetValueOrDefault("eos_token");

    public string? Unknown => _tokens.GetValueOrDefault("unk_token");

    public bool? AddBos { get; private set; }

    public bool? AddEos { get; private set; }

    public bool? AddPrefixSpace { get; private set; }

    /// <summary>The tokenizer_class of tokenizer_config.json.</summary>
    public string? TokenizerClass { get; private set; }

    /// <summary>The model_type of config.json.</summary>
    public string? ModelType { get; private set; }

    public int? BosTokenId { get; private set; }

    public int? EosTokenId { get; private set; }

    /// <summary>Tokens that are special by their role.</summary>
    public IEnumerable<string> SpecialTokens => _tokens.Values.Concat(_additional).Distinct();

    /// <summary>Tokens that the files give with an id.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _added;

    /// <summary>Reads the files of a folder that are there.</summary>
    /// <exception cref="InvalidModelException">One of them is not JSON of the expected form.</exception>
    public static SpecialTokenSettings ReadFolder(string folder)
    {
        var settings = new SpecialTokenSettings();
        ReadObject(Path.Combine(folder, "tokenizer_config.json"), settings.ReadConfig);
        ReadObject(Path.Combine(folder, "special_tokens_map.json"), settings.ReadRoles);
        ReadObject(Path.Combine(folder, "added_tokens.json"), settings.ReadAddedTokens);
        ReadObject(Path.Combine(folder, "config.json"), settings.ReadModelConfig);
        return settings;
    }

    /// <summary>Reads an added token as tokenizer.json and tokenizer_config.json write it.</summary>
    public static AddedToken ReadAddedToken(int id, JsonElement token)
    {
        var special = token.Flag("special") ?? false;
        return new AddedToken(id, token.Text("content"), special)
        {
            StripLeft = token.Flag("lstrip") ?? false,
            StripRight = token.Flag("rstrip") ?? false,
            SingleWord = token.Flag("single_word") ?? false,
            Normalized = token.Flag("normalized") ?? !special,
        };
    }

    private static void ReadObject(string file, Action<JsonElement> read)
    {
        if (!File.Exists(file))
            return;
        try
        {
            using var json = PythonJson.Parse(TokenizerFile.ReadAllBytes(file));
            read(json.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidModelException($"{file}: not in the form that Hugging Face tokenizers have: {error.Message}", error);
        }
    }

    // A token is written as a string or as an object with its flags.
    private static string? Content(JsonElement token) =>
        token.ValueKind switch
        {
            JsonValueKind.String => token.GetString(),
            JsonValueKind.Object => token.OptionalText("content"),
            _ => null,
        };

    private void ReadConfig(JsonElement json)
    {
        AddBos = json.Flag("add_bos_token");
        AddEos = json.Flag("add_eos_token");
        AddPrefixSpace = json.Flag("add_prefix_space");
        TokenizerClass = json.OptionalText("tokenizer_class");
        ReadRoles(json);
        if (!json.TryGetProperty("added_tokens_decoder", out var tokens) || tokens.ValueKind != JsonValueKind.Object)
            return;
        foreach (var token in tokens.EnumerateObject())
        {
            using var id = JsonDocument.Parse(token.Name);
            _added.Add(ReadAddedToken(id.RootElement.Id(), token.Value));
        }
    }

    private void ReadRoles(JsonElement json)
    {
        foreach (var role in Roles)
            if (json.TryGetProperty(role, out var token) && Content(token) is { } content)
                _tokens.TryAdd(role, content);
        if (!json.TryGetProperty("additional_special_tokens", out var additional) || additional.ValueKind != JsonValueKind.Array)
            return;
        foreach (var token in additional.EnumerateArray())
            if (Content(token) is { } content)
                _additional.Add(content);
    }

    private void ReadAddedTokens(JsonElement json)
    {
        foreach (var token in json.EnumerateObject())
            if (_added.All(known => known.Content != token.Name))
                _added.Add(new AddedToken(token.Value.Id(), token.Name, SpecialTokens.Contains(token.Name)));
    }

    private void ReadModelConfig(JsonElement json)
    {
        ModelType = json.OptionalText("model_type") is { } modelType ? ModelingFile.PlainModelType(modelType) : null;
        BosTokenId = Id("bos_token_id");
        EosTokenId = Id("eos_token_id");

        int? Id(string name) =>
            json.Section(name) is not { } value ? null
            : value.ValueKind != JsonValueKind.Array ? value.Id()
            : value.GetArrayLength() > 0 ? value[0].Id()
            : null;
    }
}
