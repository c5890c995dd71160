using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Tests;

namespace SvdSurgeon.Interop.Tests.Onnx;

/// <summary>Dense models as ONNX folders in ONNX Runtime and GenAI.</summary>
public sealed class OnnxModelTests : OnnxTestBase
{
    // Of the largest logit. float32 on both sides; float16 and 8 bits with their own rounding of weights and activations.
    private const double SingleTolerance = 1e-5;
    private const double Int8Tolerance = 4e-2;

    [TestCase("f32", "fp32")]
    [TestCase("int4", "int4")]
    public void Tinytales_says_what_the_model_of_GenAIs_own_builder_says(string type, string golden)
    {
        var expected = JsonNode.Parse(File.ReadAllText(GoldenFiles.Copied("onnx", $"tinytales-llama.{golden}.greedy.json")))!;
        using var model = new GenAi(Export(Asset("tinytales-llama"), type));
        int[] prompt = model.Encode((string)expected["prompt"]!);
        Assert.That(prompt, Is.EqualTo(Ids(expected["prompt_ids"]!)), "prompt");
        int[] continuation = model.Greedy(prompt, 64);
        Assert.That(continuation, Is.EqualTo(Ids(expected["greedy_ids"]!)), "continuation");
        Assert.That(model.Decode(continuation).Trim(), Is.EqualTo(((string)expected["text"]!).Trim()), "text");
    }

    [TestCase("tinytales-llama", "f16")]
    [TestCase("tinytales-opt", "f32")]
    [TestCase("tinytales-opt", "f16")]
    public void GenAI_continues_a_text_as_this_program_does(string name, string type)
    {
        using var theirs = new GenAi(Export(Asset(name), type));
        using var ours = new OwnModel(Asset(name));
        int[] prompt = theirs.Encode(File.ReadAllText(Asset("texts", "evaluation.txt"))[..200]);
        Assert.That(theirs.Greedy(prompt, 64), Is.EqualTo(ours.Greedy(prompt, 64)));
    }

    [Test]
    public void SmolLM2_has_our_logits_and_its_continuation_is_our_likeliest()
    {
        string source = GoldenFiles.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        string folder = Export(source, "f32");
        int[] prompt,
            continuation;
        using (var theirs = new GenAi(folder))
        {
            prompt = theirs.Encode("The history of the city begins with a small settlement on the river");
            continuation = theirs.Greedy(prompt, 64);
        }
        int[] ids = [.. prompt, .. continuation];
        float[] expected = OwnLogits(source, ids);
        using (var session = new OnnxSession(folder))
            AssertClose(session.Logits(ids), expected, 1e-4, "logits through 30 layers");
        int words = expected.Length / ids.Length;
        int[] likeliest = [.. expected.Chunk(words).Select(logits => Array.IndexOf(logits, logits.Max()))];
        Assert.That(continuation, Is.EqualTo(likeliest[(prompt.Length - 1)..^1]));
    }

    [TestCase("opt")]
    [TestCase("opt-nobias-gelu")]
    [TestCase("opt-postnorm-projected")]
    [TestCase("llama-mha")]
    [TestCase("llama-gqa-tied")]
    [TestCase("llama-headdim-bias")]
    [TestCase("llama-linear-rope")]
    [TestCase("llama3-rope")]
    [TestCase("mistral-window")]
    [TestCase("qwen2")]
    [TestCase("qwen3")]
    [TestCase("gemma2")]
    [TestCase("gemma3-text")]
    [TestCase("gptneox")]
    [TestCase("gptneox-sequential")]
    [TestCase("granite")]
    [TestCase("olmo2")]
    [TestCase("phi3")]
    [TestCase("phi3-partial")]
    [TestCase("smollm3")]
    [TestCase("stablelm")]
    public void Logits_of_a_random_model_of_every_family_are_ours_at_once_and_token_by_token(string name)
    {
        string source = Random(name);
        int[] ids = [.. Enumerable.Range(0, 24).Select(i => (i * 37 + 11) % 97)];
        float[] expected = OwnLogits(source, ids);
        string folder = Export(source, "f32", tokenizer: false);
        using (var whole = new OnnxSession(folder))
            AssertClose(whole.Logits(ids), expected, SingleTolerance, "at once");
        using var stepwise = new OnnxSession(folder);
        float[] steps = [.. stepwise.Logits(ids[..13]), .. ids[13..].SelectMany(id => stepwise.Logits([id]))];
        AssertClose(steps, expected, SingleTolerance, "token by token");
    }

    // Widths of 32, 56, 20 and heads of 12: blocks that are not full, an embedding that is projected.
    [TestCase("opt-postnorm-projected")]
    [TestCase("llama-headdim-bias")]
    [TestCase("qwen3")]
    public void Integers_by_block_keep_the_logits_of_every_shape(string name)
    {
        string source = Random(name);
        int[] ids = [.. Enumerable.Range(0, 24).Select(i => (i * 37 + 11) % 97)];
        using var session = new OnnxSession(Export(source, "int8", tokenizer: false));
        AssertClose(session.Logits(ids), OwnLogits(source, ids), Int8Tolerance, name);
    }

    private static string Random(string name)
    {
        string copied = GoldenFiles.Copied("models", name);
        return File.Exists(Path.Combine(copied, "model.safetensors")) ? copied : GoldenFiles.Shared("golden", "models", name);
    }

    private static int[] Ids(JsonNode list) => [.. list.AsArray().Select(id => (int)id!)];
}
