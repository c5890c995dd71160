using System.Text.Json;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Tokenization;

/// <summary>The golden tokenizers: made with Hugging Face's and SentencePiece's own programs.</summary>
internal static class TokenizerGolden
{
    public static readonly string[] Names = ["opt-style", "llama3-style", "llama2", "llama2-json", "smollm2"];

    public sealed record Case(string Text, int[] Ids, int[] IdsWithSpecial, string Decoded);

    /// <summary>The tokenizer of a golden file; the test is ignored where it is too large to be copied and not at hand.</summary>
    public static Tokenizer Open(string name) =>
        Tokenizer.Open(
            name switch
            {
                "llama2" => GoldenFiles.Shared("data", "tokenizers", "llama2.tokenizer.model"),
                "llama2-json" => GoldenFiles.Shared("golden", "tokenizers", "llama2-json"),
                "smollm2" => GoldenFiles.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"),
                _ => GoldenFiles.Copied("tokenizers", name), // opt-style, llama3-style, tinytales-llama
            }
        );

    public static Case[] Cases(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.Copied("tokenizers", name + ".json")));
        return
        [
            .. json
                .RootElement.GetProperty("cases")
                .EnumerateArray()
                .Select(item => new Case(
                    item.GetProperty("text").GetString()!,
                    Ids(item.GetProperty("ids")),
                    Ids(item.GetProperty("ids_with_special")),
                    item.GetProperty("decoded").GetString()!
                )),
        ];
    }

    /// <summary>What a stream gives for each id, and at the end.</summary>
    public static List<string> Stream(Tokenizer tokenizer, int[] ids, bool skipSpecialTokens = true)
    {
        var stream = tokenizer.CreateStream(skipSpecialTokens);
        var pieces = ids.Select(stream.Add).ToList();
        pieces.Add(stream.Finish());
        return pieces;
    }

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];
}
