using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Tests;
using SvdSurgeon.Tokenization;

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

    [Test]
    public void SentencePiece_gives_our_ids()
    {
        using var theirs = new GenAi(Export(Asset("tinytales-llama"), "int4"));
        string text = File.ReadAllText(Asset("texts", "evaluation.txt"))[..2000];
        int[] ours = Tokenizer.Open(Asset("tinytales-llama")).Encode(text, addSpecialTokens: false);
        Assert.That(theirs.Encode(text), Is.EqualTo(ours));
    }
}
