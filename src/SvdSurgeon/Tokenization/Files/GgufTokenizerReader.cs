using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Tokenization.Bpe;
using SvdSurgeon.Tokenization.Decoding;
using SvdSurgeon.Tokenization.Normalizing;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Reads the tokenizer in the metadata of a GGUF file: "gpt2" (byte-level BPE) and "llama" (SentencePiece BPE).</summary>
/// <remarks>Control tokens and user-defined tokens are recognised in text.</remarks>
internal static class GgufTokenizerReader
{
    private const string Prefix = "tokenizer.ggml.";

    public static Tokenizer Read(string path)
    {
        using var file = GgufFile.Open(path);
        return Read(file.Metadata, path);
    }

    public static Tokenizer Read(GgufMetadata metadata, string file)
    {
        var model = metadata.Text(Prefix + "model") ?? throw Missing(file, "model");
        var tokens = metadata.Texts(Prefix + "tokens") ?? throw Missing(file, "tokens");
        if (tokens.Length == 0)
            throw new InvalidModelException($"{file}: the vocabulary ({Prefix}tokens) is empty.");
        var types = ReadTypes(metadata, tokens.Length, file);
        var special = new SpecialIds(metadata, tokens.Length, file);
        return model switch
        {
            "gpt2" => ByteLevel(metadata, file, tokens, types, special),
            "llama" => SentencePiece(metadata, file, tokens, types, special),
            _ => throw new InvalidModelException($"{file}: tokenizer '{model}' ({Prefix}model) is not supported. Supported: gpt2, llama."),
        };
    }

    private static BpeTokenizer ByteLevel(GgufMetadata metadata, string file, string[] tokens, PieceType[] types, SpecialIds special)
    {
        var named = metadata.Text(Prefix + "pre");
        var pre = named ?? "default";
        // The names are llama.cpp's. LLaMA-3's own vocabulary takes words that are tokens whole and begins texts with a token.
        var isLlama3 = pre is "llama3" or "llama-v3" or "llama-bpe";
        TextSplitter[] splitters = pre switch
        {
            "llama3" or "llama-v3" or "llama-bpe" or "smaug-bpe" => [new Llama3Splitter(digits: 3)],
            "qwen2" or "deepseek-r1-qwen" => [new Llama3Splitter(digits: 1)],
            "gpt-2" or "default" => [new Gpt2Splitter()],
            // Single digits within GPT-2's words. SmolLM2's tokenizer.json cuts digits out first, which differs for spaces before a number;
            // the reference ids for the GGUF vocabulary are these.
            "smollm" => [new Gpt2Splitter(), new DigitSplitter(individual: true, decimalOnly: true)],
            _ => throw new InvalidModelException(
                $"{file}: pre-tokenizer '{pre}' ({Prefix}pre) is not supported. Supported: llama-bpe, llama3, llama-v3, smaug-bpe, "
                    + $"qwen2, deepseek-r1-qwen, gpt-2, default, smollm."
            ),
        };
        var ids = new Dictionary<string, int>(tokens.Length);
        for (var id = 0; id < tokens.Length; id++)
            ids[tokens[id]] = id;
        var lines = metadata.Texts(Prefix + "merges") ?? throw Missing(file, "merges");
        var merges = BpeModelBuilder.Merges(ids, [.. lines.Select(line => BpeModelBuilder.ParseMerge(line, file))], file);
        var added = Added(tokens, types);
        return new BpeTokenizer(
            new TokenizerParts
            {
                Kind = $"byte-level BPE (GGUF, {pre})",
                File = file,
                Warnings = named is null ? [WithoutPattern(file), .. Unread(metadata)] : Unread(metadata),
                Vocabulary = new Vocabulary(tokens, added, [], -1),
                Model = BpeModelBuilder.ByteLevel(ids, merges, unknownId: -1, ignoreMerges: isLlama3),
                AddedTokens = added,
                Splitters = splitters,
                Prefix = (special.AddBos ?? isLlama3) && special.Bos >= 0 ? [special.Bos] : [],
                Suffix = (special.AddEos ?? false) && special.Eos >= 0 ? [special.Eos] : [],
                BosTokenId = special.Bos,
                EosTokenId = special.Eos,
            }
        );
    }

    private static BpeTokenizer SentencePiece(GgufMetadata metadata, string file, string[] tokens, PieceType[] types, SpecialIds special)
    {
        var scores = metadata.Singles(Prefix + "scores") ?? throw Missing(file, "scores");
        if (scores.Length != tokens.Length)
            throw WrongLength(file, "scores", scores.Length, tokens.Length);
        var vocabulary = new SentencePieceVocabulary(file, tokens, scores, types);
        var added = Added(tokens, types);
        var prefixSpace = metadata.Flag(Prefix + "add_space_prefix") ?? true;
        var removesSpaces = metadata.Flag(Prefix + "remove_extra_whitespaces") ?? false;
        return new BpeTokenizer(
            new TokenizerParts
            {
                Kind = "SentencePiece BPE (GGUF)",
                File = file,
                Warnings = Unread(metadata),
                Vocabulary = new Vocabulary(tokens, added, [], vocabulary.First(PieceType.Unknown)),
                Model = vocabulary.CreateModel(vocabulary.First(PieceType.Byte) >= 0, '▁'),
                AddedTokens = added,
                Normalizer = new SentencePieceNormalizer('▁', prefixSpace, removesSpaces),
                Prefix = (special.AddBos ?? true) && special.Bos >= 0 ? [special.Bos] : [],
                Suffix = (special.AddEos ?? false) && special.Eos >= 0 ? [special.Eos] : [],
                Decoding = new SentencePieceDecoding { Replacements = [("▁", " ")], StripStart = prefixSpace ? 1 : 0 },
                BosTokenId = special.Bos,
                EosTokenId = special.Eos,
            }
        );
    }

    private static string WithoutPattern(string file) =>
        $"{file}: {Prefix}pre is missing (files from before May 2024), so nothing says how the tokenizer cuts words. GPT-2's way is "
        + $"taken; for LLaMA-3, Qwen and "
        + "others the tokens are wrong. Convert the model again, or put the model's tokenizer.json into a folder with it.";

    private static string[] Unread(GgufMetadata metadata)
    {
        string architecture = metadata.Text("general.architecture") ?? "";
        return [.. metadata.WarningsOfUnread(architecture, tokenizer: true)];
    }

    private static AddedToken[] Added(string[] tokens, PieceType[] types) =>
        [
            .. Enumerable
                .Range(0, tokens.Length)
                .Where(id => types[id] is PieceType.Control or PieceType.UserDefined or PieceType.Unknown)
                .Select(id => new AddedToken(id, tokens[id], Special: types[id] != PieceType.UserDefined)),
        ];

    private static PieceType[] ReadTypes(GgufMetadata metadata, int count, string file)
    {
        var types = new PieceType[count];
        Array.Fill(types, PieceType.Normal);
        if (metadata.Integers(Prefix + "token_type") is not { } numbers)
            return types;
        if (numbers.Length != count)
            throw WrongLength(file, "token_type", numbers.Length, count);
        for (var id = 0; id < count; id++)
        {
            types[id] = (PieceType)numbers[id];
            if (!Enum.IsDefined(types[id]))
                throw new InvalidModelException($"{file}: token {id} has the type {numbers[id]} ({Prefix}token_type); types are 1 to 6.");
        }
        return types;
    }

    private static InvalidModelException Missing(string file, string key) =>
        new($"{file}: the metadata has no {Prefix}{key}, so the file holds no complete tokenizer. Give a file or folder that does.");

    private static InvalidModelException WrongLength(string file, string key, int length, int expected) =>
        new($"{file}: {Prefix}{key} has {length} entries, the vocabulary {expected}. The file is damaged; fetch it again.");

    private sealed class SpecialIds(GgufMetadata metadata, int count, string file)
    {
        public int Bos { get; } = Id(metadata, "bos_token_id", count, file);

        public int Eos { get; } = Id(metadata, "eos_token_id", count, file);

        public bool? AddBos { get; } = metadata.Flag(Prefix + "add_bos_token");

        public bool? AddEos { get; } = metadata.Flag(Prefix + "add_eos_token");

        private static int Id(GgufMetadata metadata, string key, int count, string file)
        {
            var id = metadata.Integer(Prefix + key) ?? -1;
            return id < count
                ? (int)id
                : throw new InvalidModelException($"{file}: {Prefix}{key} is {id}, the vocabulary has {count} tokens.");
        }
    }
}
