using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Tests;
using SvdSurgeon.Tokenization;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Interop.Tests.Onnx;

/// <summary>Tokenizers that come without a tokenizer.json, in GenAI.</summary>
public sealed class OnnxTokenizerTests : OnnxTestBase
{
    [Test]
    public void A_tokenizer_from_GGUF_gives_the_reference_ids()
    {
        string model = GoldenFiles.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        var cases = JsonNode.Parse(File.ReadAllText(GoldenFiles.Shared("golden", "tokenizers", "smollm2.json")))!["cases"]!.AsArray();
        using var theirs = new GenAi(Export(model, "int4"));
        foreach (var text in cases)
            Assert.That(
                theirs.Encode((string)text!["text"]!),
                Is.EqualTo(text["ids"]!.AsArray().Select(id => (int)id!)),
                (string)text["text"]!
            );
    }

    [Test]
    public void A_vocabulary_with_merges_gives_our_ids()
    {
        string model = GoldenFiles.Shared("models", "docs-opt");
        using var theirs = new GenAi(Export(model, "int8"));
        string text = File.ReadAllText(Asset("texts", "evaluation.txt"))[..2000];
        Assert.That(theirs.Encode(text), Is.EqualTo(Tokenizer.Open(model).Encode(text, addSpecialTokens: false)));
    }

    // GenAI knows no pattern of decimal digits alone, which tokenizers that this program wrote have.
    [Test]
    public void A_tokenizer_that_cuts_digits_by_a_pattern_is_written_in_the_words_that_GenAI_knows()
    {
        string source = Directory.CreateDirectory(Folder["digits"]).FullName;
        foreach (string file in Directory.GetFiles(Asset("tinytales-opt")))
            File.Copy(file, Path.Combine(source, Path.GetFileName(file)));
        string path = Path.Combine(source, "tokenizer.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(Split(Gpt2Splitter.Pattern), Split(DigitSplitter.DecimalPattern), ByteLevel()),
        };
        File.WriteAllText(path, json.ToJsonString());
        using var theirs = new GenAi(Export(source, "int4"));
        const string text = "(1984)mules12";
        Assert.That(theirs.Encode(text), Is.EqualTo(Tokenizer.Open(source).Encode(text, addSpecialTokens: false)));
    }

    [Test]
    public void SentencePiece_gives_our_ids()
    {
        using var theirs = new GenAi(Export(Asset("tinytales-llama"), "int4"));
        string text = File.ReadAllText(Asset("texts", "evaluation.txt"))[..2000];
        int[] ours = Tokenizer.Open(Asset("tinytales-llama")).Encode(text, addSpecialTokens: false);
        Assert.That(theirs.Encode(text), Is.EqualTo(ours));
    }

    private static JsonObject Split(string pattern) =>
        new()
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["Regex"] = pattern },
            ["behavior"] = "Isolated",
            ["invert"] = false,
        };

    private static JsonObject ByteLevel() =>
        new()
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = true,
            ["use_regex"] = false,
        };
}
