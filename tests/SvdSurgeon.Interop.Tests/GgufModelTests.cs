using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Export;
using SvdSurgeon.Tests;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Interop.Tests;

/// <summary>
/// GGUF files of ours in llama.cpp: the same continuation, and log-probabilities within what its rounding of activations costs.
/// </summary>
public class GgufModelTests
{
    private const int Tokens = 64;
    private readonly CpuBackend _backend = new(2);
    private TemporaryFolder _folder = null!;

    private static string TinyTales => Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-llama");

    private static string Evaluation =>
        File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "texts", "evaluation.txt"));

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [OneTimeTearDown]
    public void CloseBackend() => _backend.Dispose();

    private string Export(string model, ExportOptions options, string name = "model.gguf") =>
        Exporter.Run(model, "gguf", options, _folder[name], _backend).Files[0].Path;

    // llama.cpp multiplies F16 matrices with activations in F16, and block types with activations of 8 bits.
    [TestCase("f32", 2e-5)]
    [TestCase("f16", 1e-3)]
    [TestCase("bf16", 1e-2)]
    [TestCase("q8_0", 5e-3)]
    [TestCase("q5_0", 1e-2)]
    [TestCase("q5_1", 1e-2)]
    [TestCase("q4_0", 1e-2)]
    [TestCase("q4_1", 1e-2)]
    [TestCase("iq4_nl", 1e-2)]
    public void Tinytales_continues_a_text_alike_in_every_type(string type, double tolerance) =>
        Compare(Export(TinyTales, new ExportOptions { Type = type }), tolerance);

    [Test]
    public void A_model_of_mixed_types_is_loaded()
    {
        var options = new ExportOptions
        {
            Type = "q5_0",
            TensorTypes = [new("v_proj", "q8_0"), new("*layers.0.*", "f16"), new("embed_tokens", "q8_0"), new("down_proj", "q4_1")],
        };
        Compare(Export(TinyTales, options), 1e-2);
    }

    // So few bits leave the next tokens close together: the likeliest is not compared.
    [Test]
    public void Tinytales_in_two_bits_gives_the_same_log_probabilities()
    {
        string path = Export(TinyTales, new ExportOptions { Type = "q2_0" });
        int[] ids = Tokenizer.Open(path).Encode(Evaluation.AsSpan(0, 4000))[..256];
        using var theirs = new LlamaCpp(path);
        using var ours = new OwnModel(path);
        Assert.That(theirs.MeanLoss(ids), Is.EqualTo(ours.MeanLoss(ids)).Within(2e-2));
    }

    [TestCase("llama-gqa-tied")]
    [TestCase("llama-headdim-bias")]
    [TestCase("llama-linear-rope")]
    [TestCase("llama-mha")]
    [TestCase("llama3-rope")]
    [TestCase("qwen2")]
    [TestCase("qwen3")]
    public void A_random_model_of_every_family_gives_the_same_numbers(string family) => CompareRandom(GoldenFiles.Copied("models", family));

    [TestCase("granite")]
    [TestCase("olmo2")]
    [TestCase("phi3")]
    [TestCase("phi3-partial")]
    [TestCase("smollm3")]
    [TestCase("stablelm")]
    public void A_random_model_of_a_later_family_gives_the_same_numbers(string family) =>
        CompareRandom(GoldenFiles.Copied("models", family));

    // llama.cpp has the scale of the scores and the order of the windows in its code.
    [TestCase("gemma2")]
    [TestCase("gemma3-text")]
    public void Gemma_gives_the_same_numbers_where_it_is_as_llama_cpp_takes_it_for_granted(string family)
    {
        string source = GoldenFiles.Copied("models", family),
            model = _folder.CopyFilesOf(source);
        Assert.That(
            () => Export(source, new ExportOptions { WithoutTokenizer = true }, "refused.gguf"),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("for granted").And.Message.Contains("--format onnx")
        );
        string config = Path.Combine(model, "config.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        json["query_pre_attn_scalar"] = (int)json["head_dim"]!;
        if (family == "gemma3-text")
            json["layer_types"] = null;
        File.WriteAllText(config, json.ToJsonString());
        // llama.cpp looks GELU up in a table of 16-bit numbers.
        CompareRandom(model, 2e-4);
    }

    [Test]
    public void Mistral_gives_the_same_numbers_where_its_window_does_not_end()
    {
        string model = _folder.CopyFilesOf(GoldenFiles.Copied("models", "mistral-window"));
        string config = Path.Combine(model, "config.json");
        File.WriteAllText(
            config,
            File.ReadAllText(config).Replace("\"sliding_window\": 8", "\"sliding_window\": null", StringComparison.Ordinal)
        );
        CompareRandom(model);
    }

    [Test]
    public void SmolLM2_continues_a_text_alike()
    {
        string model = GoldenFiles.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        Compare(Export(model, new ExportOptions()), 2e-2, ids => ids[100..124], lossTokens: 64);
    }

    // The prompt is one of those where no two next tokens come closer than the rounding of activations moves them, in any type.
    private static void Compare(string path, double tolerance, Func<int[], int[]>? prompt = null, int lossTokens = 256)
    {
        int[] ids = Tokenizer.Open(path).Encode(Evaluation.AsSpan(0, 4000));
        using var theirs = new LlamaCpp(path);
        using var ours = new OwnModel(path);
        Assert.That(theirs.Tokenize(Evaluation[..4000]), Is.EqualTo(ids), "token ids");
        Assert.That(theirs.MeanLoss(ids[..lossTokens]), Is.EqualTo(ours.MeanLoss(ids[..lossTokens])).Within(tolerance), "mean of -log p");
        Same(theirs, ours, prompt?.Invoke(ids) ?? [ids[0], .. ids[801..848]], Tokens);
    }

    private void CompareRandom(string model, double tolerance = 1e-5)
    {
        string path = Export(model, new ExportOptions { Type = "f32", WithoutTokenizer = true }, "random.gguf");
        int[] ids = [.. Enumerable.Range(0, 24).Select(i => (i * 37 + 11) % 97)];
        using var theirs = new LlamaCpp(path, length: 64);
        using var ours = new OwnModel(path);
        Assert.That(theirs.MeanLoss(ids), Is.EqualTo(ours.MeanLoss(ids)).Within(tolerance), "mean of -log p");
        Same(theirs, ours, ids, 64 - ids.Length);
    }

    // Ours ends where the model ends its text; llama.cpp is asked for as many tokens.
    private static void Same(LlamaCpp theirs, OwnModel ours, int[] prompt, int count)
    {
        int[] expected = ours.Greedy(prompt, count);
        Assert.That(theirs.Greedy(prompt, count)[..expected.Length], Is.EqualTo(expected), "continuation");
    }
}
