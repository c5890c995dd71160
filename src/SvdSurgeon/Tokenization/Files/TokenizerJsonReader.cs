using System.Text.Json;
using SvdSurgeon.IO;
using SvdSurgeon.Tokenization.Bpe;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Reads Hugging Face's tokenizer.json: BPE models, byte-level or SentencePiece style.</summary>
internal static class TokenizerJsonReader
{
    public static Tokenizer Read(string file)
    {
        try
        {
            using var json = PythonJson.Parse(TokenizerFile.ReadAllBytes(file));
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
            ids[token.Name] = token.Value.Id();
        }
        return ids.Count > 0 ? ids : throw new InvalidModelException($"{file}: the vocabulary is empty.");
    }

    private static Tokenizer Read(JsonElement json, string file)
    {
        var components = new TokenizerJsonComponents(file);
        var model = json.GetProperty("model");
        var type = model.OptionalText("type") ?? (model.Section("merges") is not null ? "BPE" : "without a type");
        if (type != "BPE")
            throw components.Unsupported("model", type, "BPE");
        foreach (var affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.OptionalText(affix) is not (null or ""))
                throw components.Unsupported("model", $"BPE with {affix}", "BPE without it");

        if (model.Section("dropout") is { ValueKind: JsonValueKind.Number } dropout && dropout.GetDouble() > 0)
            throw components.Unsupported("model", "BPE with dropout (random ids)", "BPE without it: set 'dropout' to null");

        var ids = ReadVocabulary(model.GetProperty("vocab"), file);
        var merges = BpeModelBuilder.Merges(
            ids,
            [.. model.GetProperty("merges").EnumerateArray().Select(merge => ReadMerge(merge, file))],
            file
        );
        var unknownName = model.OptionalText("unk_token");
        var unknown =
            unknownName is null ? -1
            : ids.TryGetValue(unknownName, out var unknownId) ? unknownId
            : throw new InvalidModelException($"{file}: the unknown token '{unknownName}' is not in the vocabulary.");
        var added = json.Section("added_tokens") is { } tokens
            ? tokens.EnumerateArray().Select(token => SpecialTokenSettings.ReadAddedToken(token.GetProperty("id").Id(), token)).ToArray()
            : [];

        var warnings = TokenizerJsonFields.Unknown(json, file).ToList();
        components.ReadNormalizer(json.Section("normalizer"));
        components.ReadPreTokenizer(json.Section("pre_tokenizer"));
        components.ReadPostProcessor(json.Section("post_processor"));
        components.ReadDecoder(json.Section("decoder"));
        var settings = SpecialTokenSettings.ReadFolder(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var bos = Id(settings.Bos) ?? settings.BosTokenId ?? (components.Prefix is [var first, ..] ? first : -1);
        var eos = Id(settings.Eos) ?? settings.EosTokenId ?? -1;
        // LLaMA's own class goes by its settings, whatever the post-processor says; the other classes go by the post-processor.
        var isLlama = settings.TokenizerClass is "LlamaTokenizer" or "LlamaTokenizerFast";
        int[] prefix =
            isLlama && settings.AddBos is { } addBos
                ? addBos && bos >= 0
                    ? [bos]
                    : []
                : [.. components.Prefix];
        int[] suffix =
            isLlama && settings.AddEos is { } addEos
                ? addEos && eos >= 0
                    ? [eos]
                    : []
                : [.. components.Suffix];
        var byteFallback = model.Flag("byte_fallback") ?? false;
        return new BpeTokenizer(
            new TokenizerParts
            {
                Kind = components.IsByteLevel ? "byte-level BPE (tokenizer.json)" : "SentencePiece-style BPE (tokenizer.json)",
                File = file,
                Vocabulary = new Vocabulary(ById(ids), added, [], unknown),
                Model = components.IsByteLevel
                    ? BpeModelBuilder.ByteLevel(ids, merges, unknown, model.Flag("ignore_merges") ?? false)
                    : BpeModelBuilder.Characters(ids, merges, unknown, model.Flag("fuse_unk") ?? false, byteFallback, file),
                AddedTokens = added,
                Normalizer = components.Normalizer,
                Metaspace = components.Metaspace,
                AddPrefixSpace = components.AddPrefixSpace,
                Splitters = [.. components.Splitters],
                SplittersOfBytes = [.. components.SplittersOfBytes],
                Warnings = warnings,
                Prefix = prefix,
                Suffix = suffix,
                Decoding = components.Decoding,
                JoinsTokens = components.JoinsTokens,
                BosTokenId = bos,
                EosTokenId = eos,
            }
        );

        int? Id(string? token) =>
            token is null
                ? null
                : added.FirstOrDefault(known => known.Content == token)?.Id ?? (ids.TryGetValue(token, out var id) ? id : null);
    }

    private static string?[] ById(Dictionary<string, int> ids)
    {
        var tokens = new string?[ids.Values.Max() + 1];
        foreach (var (token, id) in ids)
            tokens[id] = token;
        return tokens;
    }

    // Older files have "a b", newer ["a", "b"], which also allows spaces in tokens.
    private static (string Left, string Right) ReadMerge(JsonElement merge, string file) =>
        merge.ValueKind == JsonValueKind.String ? BpeModelBuilder.ParseMerge(merge.GetString()!, file)
        : merge.GetArrayLength() == 2 && merge[0].GetString() is { } left && merge[1].GetString() is { } right ? (left, right)
        : throw new InvalidModelException($"{file}: the merge {merge.GetRawText()} is not of two tokens.");
}
