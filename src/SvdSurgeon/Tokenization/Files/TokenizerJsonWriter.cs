using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Tokenization.Bpe;
using SvdSurgeon.Tokenization.Normalizing;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Writes a tokenizer as Hugging Face's tokenizer.json, with a tokenizer_config.json beside it.</summary>
internal static class TokenizerJsonWriter
{
    public static void Write(TokenizerParts parts, string path)
    {
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. AddedTokens(parts).OrderBy(token => token.Id).Select(AddedToken)]),
            ["normalizer"] = parts.Normalizer is { } normalizer ? Normalizer(normalizer, parts) : null,
            ["pre_tokenizer"] = PreTokenizer(parts),
            ["post_processor"] = PostProcessor(parts),
            ["decoder"] = Decoder(parts),
            ["model"] = Model(parts),
        };
        AtomicFile.WriteAllText(path, JsonText.Indented(json));
        AtomicFile.WriteAllText(Path.Combine(Path.GetDirectoryName(path) ?? "", "tokenizer_config.json"), JsonText.Indented(Config(parts)));
    }

    private static InvalidModelException CannotWrite(TokenizerParts parts, string what) =>
        new($"{parts.File}: {what} cannot be written as tokenizer.json. Copy the tokenizer's own files instead.");

    private static JsonNode AddedToken(AddedToken token) =>
        new JsonObject
        {
            ["id"] = token.Id,
            ["content"] = token.Content,
            ["single_word"] = token.SingleWord,
            ["lstrip"] = token.StripLeft,
            ["rstrip"] = token.StripRight,
            ["normalized"] = token.Normalized,
            ["special"] = token.Special,
        };

    // tokenizer.json has no tokens that are special and yet plain text in a text, as SentencePiece's control tokens are.
    private static IEnumerable<AddedToken> AddedTokens(TokenizerParts parts) =>
        parts.AddedTokens.Concat(
            parts
                .Vocabulary.SpecialIds.Where(id => !parts.Vocabulary.IsAdded(id))
                .Select(id => new AddedToken(id, parts.Vocabulary[id]!, Special: true))
        );

    private static JsonNode Normalizer(TextNormalizer normalizer, TokenizerParts parts) =>
        normalizer switch
        {
            NormalizerSequence sequence => Sequence("normalizers", [.. sequence.Normalizers.Select(item => Normalizer(item, parts))]),
            PrependNormalizer prepend => Prepend(prepend.Prefix),
            ReplaceNormalizer replace => Replace("String", replace.Pattern, replace.Content),
            RegexReplaceNormalizer replace => Replace("Regex", replace.Original, replace.Content),
            UnicodeNormalizer unicode => new JsonObject { ["type"] = "NF" + unicode.Form.ToString()["Form".Length..] },
            StripNormalizer strip => new JsonObject
            {
                ["type"] = "Strip",
                ["strip_left"] = strip.Left,
                ["strip_right"] = strip.Right,
            },
            SentencePieceNormalizer { RemoveExtraSpaces: false, AddDummyPrefix: true } spaces => Sequence(
                "normalizers",
                Prepend(spaces.Space.ToString()),
                Replace("String", " ", spaces.Space.ToString())
            ),
            SentencePieceNormalizer { RemoveExtraSpaces: false } spaces => Replace("String", " ", spaces.Space.ToString()),
            _ => throw CannotWrite(parts, "its normalization"),
        };

    private static JsonNode? PreTokenizer(TokenizerParts parts)
    {
        var items = new List<JsonNode>();
        if (parts.Metaspace is { } metaspace)
            items.Add(Metaspace(metaspace, parts.Splitters is [MetaspaceSplitter, ..]));
        // GPT-2's pattern is part of ByteLevel, which comes last.
        var endsInGpt2 = parts.Model is ByteLevelBpe && parts.Splitters is [.., Gpt2Splitter];
        var splits = endsInGpt2 ? parts.Splitters[..^1] : parts.Splitters;
        items.AddRange(splits.Where(splitter => splitter is not MetaspaceSplitter).Select(Splitter));
        if (parts.Model is ByteLevelBpe)
            items.Add(ByteLevel(parts.AddPrefixSpace, endsInGpt2));
        items.AddRange(parts.SplittersOfBytes.Select(Splitter));
        return items.Count switch
        {
            0 => null,
            1 => items[0],
            _ => Sequence("pretokenizers", [.. items]),
        };
    }

    private static JsonNode Splitter(TextSplitter splitter) =>
        splitter switch
        {
            DigitSplitter { Individual: true, DecimalOnly: true } => Split(
                "Regex",
                DigitSplitter.DecimalPattern,
                SplitBehavior.Isolated,
                invert: false
            ),
            DigitSplitter digits => new JsonObject { ["type"] = "Digits", ["individual_digits"] = digits.Individual },
            Gpt2Splitter => Split("Regex", Gpt2Splitter.Pattern, SplitBehavior.Isolated, invert: false),
            Llama3Splitter llama3 => Split("Regex", llama3.Pattern, SplitBehavior.Isolated, invert: false),
            RegexSplitter regex => Split(regex.IsRegex ? "Regex" : "String", regex.Original, regex.Behavior, regex.Invert),
            _ => throw new NotSupportedException(splitter.GetType().Name),
        };

    private static JsonObject Split(string kind, string pattern, SplitBehavior behavior, bool invert) =>
        new()
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { [kind] = pattern },
            ["behavior"] = behavior.ToString(),
            ["invert"] = invert,
        };

    private static JsonObject Metaspace(Metaspace metaspace, bool split) =>
        new()
        {
            ["type"] = "Metaspace",
            ["replacement"] = metaspace.Space.ToString(),
            ["prepend_scheme"] = metaspace.Prepend.ToString().ToLowerInvariant(),
            ["split"] = split,
        };

    private static JsonNode? PostProcessor(TokenizerParts parts)
    {
        if (parts.Prefix.Length + parts.Suffix.Length == 0)
            return parts.Model is ByteLevelBpe ? ByteLevel(addPrefixSpace: true, useRegex: true) : null;
        var specials = new JsonObject();
        foreach (var id in parts.Prefix.Concat(parts.Suffix).Distinct())
        {
            var token = parts.Vocabulary[id]!;
            specials[token] = new JsonObject
            {
                ["id"] = token,
                ["ids"] = new JsonArray(id),
                ["tokens"] = new JsonArray(token),
            };
        }
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Template("A", 0)]),
            ["pair"] = new JsonArray([.. Template("A", 0), .. Template("B", 1)]),
            ["special_tokens"] = specials,
        };

        IEnumerable<JsonNode> Template(string sequence, int type) =>
            parts
                .Prefix.Select(id => Item("SpecialToken", parts.Vocabulary[id]!, type))
                .Append(Item("Sequence", sequence, type))
                .Concat(parts.Suffix.Select(id => Item("SpecialToken", parts.Vocabulary[id]!, type)));

        static JsonNode Item(string kind, string id, int type) =>
            new JsonObject
            {
                [kind] = new JsonObject { ["id"] = id, ["type_id"] = type },
            };
    }

    private static JsonNode? Decoder(TokenizerParts parts)
    {
        if (parts.JoinsTokens)
            return null;
        if (parts.Decoding is not { } decoding)
            return ByteLevel(addPrefixSpace: true, useRegex: true);
        if (decoding.DropSpacesOfFirstToken)
            return Metaspace(parts.Metaspace ?? throw CannotWrite(parts, "its decoder"), split: true);
        var items = decoding.Replacements.Select(replacement => Replace("String", replacement.Pattern, replacement.Content)).ToList();
        if (decoding.ByteFallback)
            items.Add(new JsonObject { ["type"] = "ByteFallback" });
        items.Add(new JsonObject { ["type"] = "Fuse" });
        if (decoding.StripStart > 0)
            items.Add(
                new JsonObject
                {
                    ["type"] = "Strip",
                    ["content"] = " ",
                    ["start"] = decoding.StripStart,
                    ["stop"] = 0,
                }
            );
        return Sequence("decoders", [.. items]);
    }

    private static JsonNode Model(TokenizerParts parts)
    {
        var vocabulary = new JsonObject();
        for (var id = 0; id < parts.Vocabulary.Count; id++)
            if (parts.Vocabulary[id] is { } token && !vocabulary.ContainsKey(token))
                vocabulary[token] = id;
        var merges = new JsonArray();
        foreach (var (left, right, _) in parts.Model.Merges.InOrder())
        {
            if (parts.Vocabulary[left] is not { } first || parts.Vocabulary[right] is not { } second)
                throw CannotWrite(parts, "a token with a character that is no token itself");
            merges.Add((JsonNode)new JsonArray(first, second));
        }
        var characters = parts.Model as CharacterBpe;
        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = parts.Vocabulary[parts.Vocabulary.UnknownId],
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = characters?.FusesUnknown ?? false,
            ["byte_fallback"] = characters?.HasByteFallback ?? false,
            ["ignore_merges"] = parts.Model is ByteLevelBpe { TakesWholeWords: true },
            ["vocab"] = vocabulary,
            ["merges"] = merges,
        };
    }

    private static JsonObject Config(TokenizerParts parts)
    {
        var config = new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["add_bos_token"] = parts.Prefix.Length > 0,
            ["add_eos_token"] = parts.Suffix.Length > 0,
            ["clean_up_tokenization_spaces"] = false,
        };
        if (parts.Vocabulary[parts.BosTokenId] is { } bos)
            config["bos_token"] = bos;
        if (parts.Vocabulary[parts.EosTokenId] is { } eos)
            config["eos_token"] = eos;
        if (parts.Vocabulary[parts.Vocabulary.UnknownId] is { } unknown)
            config["unk_token"] = unknown;
        return config;
    }

    private static JsonObject Sequence(string items, params JsonNode[] nodes) =>
        new() { ["type"] = "Sequence", [items] = new JsonArray(nodes) };

    private static JsonObject Prepend(string prefix) => new() { ["type"] = "Prepend", ["prepend"] = prefix };

    private static JsonObject Replace(string kind, string pattern, string content) =>
        new()
        {
            ["type"] = "Replace",
            ["pattern"] = new JsonObject { [kind] = pattern },
            ["content"] = content,
        };

    private static JsonObject ByteLevel(bool addPrefixSpace, bool useRegex) =>
        new()
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = addPrefixSpace,
            ["trim_offsets"] = true,
            ["use_regex"] = useRegex,
        };
}
