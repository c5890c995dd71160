using System.Text.Json;

namespace SvdSurgeon.Tokenization;

/// <summary>Reads Hugging Face's tokenizer.json: BPE models, byte-level or SentencePiece style.</summary>
internal static class TokenizerJsonReader
{
    public static Tokenizer Read(string file)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return Read(json.RootElement, file);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidModelException($"{file}: not in the form of a tokenizer.json: {error.Message}", error);
        }
    }

    /// <summary>Reads an object of tokens and ids.</summary>
    public static Dictionary<string, int> ReadVocabulary(JsonElement vocabulary, string file)
    {
        var ids = new Dictionary<string, int>();
        foreach (var token in vocabulary.EnumerateObject())
        {
            var id = token.Value.GetInt32();
            if (id is < 0 or > 1 << 26) throw new InvalidModelException($"{file}: the token '{token.Name}' has the id {id}.");
            ids[token.Name] = id;
        }
        return ids.Count > 0 ? ids : throw new InvalidModelException($"{file}: the vocabulary is empty.");
    }

    private static Tokenizer Read(JsonElement json, string file)
    {
        var components = new TokenizerJsonComponents(file);
        var model = json.GetProperty("model");
        var type = model.TryGetProperty("type", out var name) ? name.GetString() : model.TryGetProperty("merges", out _) ? "BPE" : "without a type";
        if (type != "BPE") throw components.Unsupported("model", type, "BPE");
        foreach (var affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.TryGetProperty(affix, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() != "")
                throw components.Unsupported("model", $"BPE with {affix}", "BPE without it");

        var ids = ReadVocabulary(model.GetProperty("vocab"), file);
        var merges = BpeModelBuilder.Merges(ids, [.. model.GetProperty("merges").EnumerateArray().Select(merge => ReadMerge(merge, file))], file);
        var unknownName = model.TryGetProperty("unk_token", out var unknownToken) ? unknownToken.GetString() : null;
        var unknown = unknownName is null ? -1 : ids.TryGetValue(unknownName, out var unknownId) ? unknownId
            : throw new InvalidModelException($"{file}: the unknown token '{unknownName}' is not in the vocabulary.");
        var added = Section(json, "added_tokens") is { } tokens
            ? tokens.EnumerateArray().Select(token => SpecialTokenSettings.ReadAddedToken(token.GetProperty("id").GetInt32(), token)).ToArray()
            : [];

        components.ReadNormalizer(Section(json, "normalizer"));
        components.ReadPreTokenizer(Section(json, "pre_tokenizer"));
        components.ReadPostProcessor(Section(json, "post_processor"));
        components.ReadDecoder(Section(json, "decoder"));
        var settings = SpecialTokenSettings.ReadFolder(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var byteFallback = Flag(model, "byte_fallback");
        return new BpeTokenizer(new TokenizerParts
        {
            Kind = components.IsByteLevel ? "byte-level BPE (tokenizer.json)" : "SentencePiece-style BPE (tokenizer.json)",
            File = file,
            Vocabulary = new Vocabulary(ById(ids), added, [], unknown),
            Model = components.IsByteLevel
                ? BpeModelBuilder.ByteLevel(ids, merges, unknown, Flag(model, "ignore_merges"))
                : BpeModelBuilder.Characters(ids, merges, unknown, Flag(model, "fuse_unk"), byteFallback, file),
            AddedTokens = added,
            Normalizer = components.Normalizer,
            Metaspace = components.Metaspace,
            AddPrefixSpace = components.AddPrefixSpace,
            Splitters = [.. components.Splitters],
            Prefix = [.. components.Prefix],
            Suffix = [.. components.Suffix],
            Decoding = components.Decoding,
            JoinsTokens = components.JoinsTokens,
            BosTokenId = Id(settings.Bos) ?? settings.BosTokenId ?? (components.Prefix is [var first, ..] ? first : -1),
            EosTokenId = Id(settings.Eos) ?? settings.EosTokenId ?? -1,
        });

        int? Id(string? token) => token is null ? null
            : added.FirstOrDefault(known => known.Content == token)?.Id ?? (ids.TryGetValue(token, out var id) ? id : null);
    }

    private static string?[] ById(Dictionary<string, int> ids)
    {
        var tokens = new string?[ids.Values.Max() + 1];
        foreach (var (token, id) in ids) tokens[id] = token;
        return tokens;
    }

    private static bool Flag(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static JsonElement? Section(JsonElement json, string name) =>
        json.TryGetProperty(name, out var section) && section.ValueKind != JsonValueKind.Null ? section : null;

    // Older files have "a b", newer ["a", "b"], which also allows spaces in tokens.
    private static (string Left, string Right) ReadMerge(JsonElement merge, string file) =>
        merge.ValueKind == JsonValueKind.String ? BpeModelBuilder.ParseMerge(merge.GetString()!, file)
        : merge.GetArrayLength() == 2 ? (merge[0].GetString()!, merge[1].GetString()!)
        : throw new InvalidModelException($"{file}: the merge {merge.GetRawText()} is not of two tokens.");
}
