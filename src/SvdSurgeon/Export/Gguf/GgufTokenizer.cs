using System.Globalization;
using System.Text;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Tokenization.Bpe;
using SvdSurgeon.Tokenization.Decoding;
using SvdSurgeon.Tokenization.Files;
using SvdSurgeon.Tokenization.Normalizing;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Export.Gguf;

/// <summary>
/// The tokenizer as GGUF metadata. llama.cpp knows a fixed list of ways to cut texts, by name; a tokenizer that cuts in another way is
/// refused.
/// </summary>
internal static class GgufTokenizer
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>Adds the tokenizer.* pairs.</summary>
    /// <returns>What llama.cpp does differently: sentences.</returns>
    /// <exception cref="InvalidModelException">There is no tokenizer, or none that llama.cpp has.</exception>
    public static IReadOnlyList<string> Add(GgufMetadataBuilder metadata, ExportModel model, ExportOptions options)
    {
        if (options.WithoutTokenizer)
        {
            metadata.Add(Prefix + "model", "none");
            return ["The file has no tokenizer (--no-tokenizer): programs can give it token ids, but no text."];
        }
        if (model.Source.Gguf is { } gguf)
        {
            foreach (string key in gguf.Metadata.Keys.Where(key => key.StartsWith("tokenizer.", StringComparison.Ordinal)))
                metadata.AddStored(key, gguf.Metadata.Stored(key));
            return [];
        }
        var parts = (model.Tokenizer as BpeTokenizer ?? throw Refused(model.Source.Path, "this tokenizer")).Parts;
        var notes = new List<string>();
        if (parts.Model is ByteLevelBpe bytes)
            AddByteLevel(metadata, parts, bytes, notes);
        else
            AddSentencePiece(metadata, parts);
        AddTokens(metadata, parts, model.Source.Config.VocabSize);
        if (ChatTemplateFile.Beside(model.Source.Path) is { } template)
            metadata.Add("tokenizer.chat_template", template);
        return notes;
    }

    private static void AddByteLevel(GgufMetadataBuilder metadata, TokenizerParts parts, ByteLevelBpe model, List<string> notes)
    {
        metadata.Add(Prefix + "model", "gpt2");
        metadata.Add(Prefix + "pre", PreTokenizer(parts, model));
        if (parts.Normalizer is UnicodeNormalizer { Form: NormalizationForm.FormC })
            notes.Add("llama.cpp does not bring texts into Unicode's normal form C before it cuts them; this tokenizer does.");
        else if (parts.Normalizer is not null)
            throw Refused(parts.File, "its normalizer");
        if (parts.AddPrefixSpace)
            throw Refused(parts.File, "the space that it puts before a text (add_prefix_space)");
        var merges = model.Merges.InOrder().Select(merge => $"{parts.Vocabulary[merge.Left]} {parts.Vocabulary[merge.Right]}");
        metadata.Add(Prefix + "merges", [.. merges]);
    }

    // llama.cpp's names of the patterns that texts are cut with. Those of LLaMA-3 take words that are tokens whole.
    private static string PreTokenizer(TokenizerParts parts, ByteLevelBpe model) =>
        (parts.SplittersOfBytes.Length > 0 ? [] : parts.Splitters, model.TakesWholeWords) switch
        {
            ([Llama3Splitter { Digits: 3 }], true) => "llama-bpe",
            ([Llama3Splitter { Digits: 3 }], false) => "smaug-bpe",
            ([Llama3Splitter { Digits: 1 }], false) => "qwen2",
            ([Gpt2Splitter], false) => "gpt-2",
            ([DigitSplitter { Individual: true }, Gpt2Splitter], false) => "smollm",
            _ => throw Refused(parts.File, "the way in which it cuts texts into words"),
        };

    private static void AddSentencePiece(GgufMetadataBuilder metadata, TokenizerParts parts)
    {
        metadata.Add(Prefix + "model", "llama");
        metadata.Add(Prefix + "pre", "default");
        metadata.Add(Prefix + "add_space_prefix", SentencePieceScores.PutsSpaceFirst(parts) ?? throw Refused(parts.File, "its normalizer"));
        float[] scores =
            SentencePieceScores.Of(parts) ?? throw Refused(parts.File, "the order of its merges, which no scores of tokens give");
        metadata.Add(Prefix + "scores", scores);
    }

    private static void AddTokens(GgufMetadataBuilder metadata, TokenizerParts parts, int rows)
    {
        var vocabulary = parts.Vocabulary;
        if (vocabulary.Count > rows)
            throw new InvalidModelException(
                $"{parts.File}: the tokenizer has {vocabulary.Count} tokens, the model {rows}. They do not belong together."
            );
        var tokens = new string[rows];
        var types = new int[rows];
        for (int id = 0; id < rows; id++)
        {
            tokens[id] = vocabulary[id] ?? string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]");
            types[id] = (int)TypeOf(parts, id);
        }
        metadata.Add(Prefix + "tokens", tokens);
        metadata.Add(Prefix + "token_type", types);
        if (parts.BosTokenId >= 0)
            metadata.Add(Prefix + "bos_token_id", parts.BosTokenId);
        if (parts.EosTokenId >= 0)
            metadata.Add(Prefix + "eos_token_id", parts.EosTokenId);
        if (vocabulary.UnknownId >= 0)
            metadata.Add(Prefix + "unknown_token_id", vocabulary.UnknownId);
        metadata.Add(Prefix + "add_bos_token", Adds(parts, parts.Prefix, parts.BosTokenId));
        metadata.Add(Prefix + "add_eos_token", Adds(parts, parts.Suffix, parts.EosTokenId));
    }

    private static PieceType TypeOf(TokenizerParts parts, int id)
    {
        var vocabulary = parts.Vocabulary;
        if (vocabulary[id] is not { } token)
            return PieceType.Unused;
        if (id == vocabulary.UnknownId && parts.Model is CharacterBpe)
            return PieceType.Unknown;
        if (vocabulary.IsSpecial(id))
            return PieceType.Control;
        if (parts.Pieces is { } pieces && id < pieces.Types.Length)
            return pieces.Types[id];
        return parts.Model is CharacterBpe { HasByteFallback: true } && SentencePieceDecoder.ByteOf(token) >= 0 ? PieceType.Byte
            : vocabulary.IsAdded(id) ? PieceType.UserDefined
            : PieceType.Normal;
    }

    // llama.cpp puts one token before a text, that of the beginning, and one after it, that of the end; or none.
    private static bool Adds(TokenizerParts parts, int[] added, int expected) =>
        added switch
        {
            [] => false,
            [var only] when only == expected => true,
            _ => throw Refused(parts.File, "the tokens that it puts around a text"),
        };

    private static InvalidModelException Refused(string file, string what) =>
        new(
            $"{file}: llama.cpp has nothing that does the same as {what}. Use --format onnx or --format hf, "
                + "or --no-tokenizer for a file that runs on token ids."
        );
}
