using System.Text.Json;
using SvdSurgeon.IO;
using SvdSurgeon.Tokenization.Bpe;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Reads vocab.json and merges.txt (GPT-2, OPT, Qwen): byte-level BPE with the pattern of the tokenizer's class.</summary>
internal static class VocabularyMergesReader
{
    public static Tokenizer Read(string vocabularyFile, string mergesFile)
    {
        var ids = ReadVocabulary(vocabularyFile);
        var merges = Lines(mergesFile)
            .Where((line, index) => line.Length > 0 && !(index == 0 && line.StartsWith("#version", StringComparison.Ordinal)))
            .Select(line => BpeModelBuilder.ParseMerge(line, mergesFile))
            .ToArray();
        var settings = SpecialTokenSettings.ReadFolder(Path.GetDirectoryName(Path.GetFullPath(vocabularyFile))!);
        var tokens = new string?[ids.Values.Max() + 1];
        foreach (var (token, id) in ids)
            tokens[id] = token;

        var words = WordPattern.Of(settings.TokenizerClass, settings.ModelType, vocabularyFile);
        // Without tokenizer_config.json OPT is known by its model type or by fairseq's first three tokens.
        var isOpt = settings.ModelType == "opt" || (tokens is ["<s>", "<pad>", "</s>", ..] && settings.ModelType is null);
        var bos = Id(settings.Bos ?? (isOpt ? "</s>" : "<|endoftext|>")) ?? settings.BosTokenId ?? -1;
        var eos = Id(settings.Eos ?? (isOpt ? "</s>" : "<|endoftext|>")) ?? settings.EosTokenId ?? -1;
        var special =
            settings.SpecialTokens.Any() ? settings.SpecialTokens
            : isOpt ? ["</s>", "<pad>"]
            : ["<|endoftext|>"];
        var added = settings
            .AddedTokens.Concat(
                special.Where(token => ids.ContainsKey(token)).Select(token => new AddedToken(ids[token], token, Special: true))
            )
            .DistinctBy(token => token.Content)
            .ToArray();
        var unknown = settings.Unknown is { } name && ids.TryGetValue(name, out var unknownId) ? unknownId : -1;
        return new BpeTokenizer(
            new TokenizerParts
            {
                Kind = "byte-level BPE (vocab.json, merges.txt)",
                File = vocabularyFile,
                Vocabulary = new Vocabulary(tokens, added, [], unknown),
                Model = BpeModelBuilder.ByteLevel(ids, BpeModelBuilder.Merges(ids, merges, mergesFile), unknown, ignoreMerges: false),
                AddedTokens = added,
                AddPrefixSpace = settings.AddPrefixSpace ?? false,
                Normalizer = words.Normalizer,
                Splitters = [words.Splitter],
                Prefix = (settings.AddBos ?? isOpt) && bos >= 0 ? [bos] : [],
                Suffix = (settings.AddEos ?? false) && eos >= 0 ? [eos] : [],
                BosTokenId = bos,
                EosTokenId = eos,
            }
        );

        int? Id(string token) =>
            ids.TryGetValue(token, out var id) ? id : settings.AddedTokens.FirstOrDefault(added => added.Content == token)?.Id;
    }

    private static Dictionary<string, int> ReadVocabulary(string file)
    {
        try
        {
            using var json = PythonJson.Parse(TokenizerFile.ReadAllBytes(file));
            return TokenizerJsonReader.ReadVocabulary(json.RootElement, file);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidModelException($"{file}: not a vocabulary, an object of tokens and ids: {error.Message}", error);
        }
    }

    private static string[] Lines(string file) =>
        System
            .Text.Encoding.UTF8.GetString(TokenizerFile.ReadAllBytes(file))
            .TrimStart('\uFEFF')
            .Split('\n')
            .Select(line => line.TrimEnd('\r'))
            .ToArray();
}
