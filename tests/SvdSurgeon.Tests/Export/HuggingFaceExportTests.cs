using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Chat;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Export;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Pipeline;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Export;

/// <summary>Export to Hugging Face folders.</summary>
[TestFixture, Category("Slow")]
public sealed class HuggingFaceExportTests
{
    private TemporaryFolder _folder = null!;
    private CpuBackend _backend = null!;

    private static string Opt => Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-opt");

    [SetUp]
    public void SetUp() => (_folder, _backend) = (new TemporaryFolder(), new CpuBackend(1));

    [TearDown]
    public void TearDown()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    // The dense model has 1.7451 over all windows; these are 8.
    [TestCase("int8", DType.Int8, 1.002)]
    [TestCase("int4", DType.Int4, 1.02)]
    [TestCase("int2", DType.Int2, 1.6)]
    public void Integers_lose_what_their_bits_lose_and_no_more(string type, DType stored, double most)
    {
        string folder = Export(Opt, new ExportOptions { Type = type });
        using var checkpoint = Checkpoint.Open(folder);
        Assert.That(checkpoint.Tensors["model.decoder.layers.0.fc1.weight"].Type, Is.EqualTo(stored));
        Assert.That(checkpoint.Tensors["model.decoder.embed_tokens.weight"].Type, Is.EqualTo(DType.F16));
        double loss = Perplexity8(folder) / Perplexity8(Opt);
        TestContext.Out.WriteLine($"{type}: {loss}");
        Assert.That(loss, Is.InRange(0.99, most));
    }

    [Test]
    public void Each_module_may_have_its_own_bits_and_integers_stay_as_they_are_when_exported_again()
    {
        var options = new ExportOptions { Type = "int3", TensorTypes = [new("fc2", "int6"), new("v_proj", "f16")] };
        string folder = Export(Opt, options);
        using (var checkpoint = Checkpoint.Open(folder))
        {
            Assert.That(checkpoint.Tensors["model.decoder.layers.1.fc1.weight"].Type, Is.EqualTo(DType.Int3));
            Assert.That(checkpoint.Tensors["model.decoder.layers.1.fc2.weight"].Type, Is.EqualTo(DType.Int6));
            Assert.That(checkpoint.Tensors["model.decoder.layers.1.self_attn.v_proj.weight"].Type, Is.EqualTo(DType.F16));
        }
        string again = Export(folder, new ExportOptions(), "again");
        Assert.That(
            File.ReadAllBytes(Path.Combine(again, "model.safetensors")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(folder, "model.safetensors")))
        );
        Assert.That(
            File.ReadAllText(Path.Combine(again, "config.json")),
            Is.EqualTo(File.ReadAllText(Path.Combine(folder, "config.json")))
        );
    }

    [Test]
    public void Factors_stay_factors_or_are_multiplied_out()
    {
        using var run = new TinyRun("llama-gqa-tied");
        string compressed = run.Compress(new CompressionOptions { Ratios = [0.5] }, evaluate: false).Folder;
        string factored = Export(compressed, new ExportOptions { Type = "f32" }),
            merged = Export(compressed, new ExportOptions { Merge = true }, "merged"),
            integers = Export(compressed, new ExportOptions { Type = "int8" }, "integers");
        Assert.That(File.Exists(Path.Combine(factored, "modeling_svdsurgeon.py")));
        Assert.That((string?)Config(factored)["model_type"], Is.EqualTo("svdsurgeon_llama"));
        foreach (string plain in (string[])[merged, integers])
        {
            Assert.That(File.Exists(Path.Combine(plain, "modeling_svdsurgeon.py")), Is.False);
            Assert.That((string?)Config(plain)["model_type"], Is.EqualTo("llama"));
            Assert.That((string?)Config(plain)["architectures"]![0], Is.EqualTo("LlamaForCausalLM"));
        }
        var result = Exporter.Run(compressed, "hf", new ExportOptions(), Path.Combine(Path.GetDirectoryName(factored)!, "again"), _backend);
        Assert.That(result.RunsIn, Is.EqualTo("transformers"), "the closing line");
        var (runsIn, command) = Exporter.WaysOut(factored).Single(way => way.Command.StartsWith("python3", StringComparison.Ordinal));
        Assert.That(runsIn, Is.EqualTo("transformers"));
        Assert.That(command, Does.Contain(factored).And.Contain("trust_remote_code=True"));
        Assert.That(Exporter.WaysOut(merged).Select(way => way.RunsIn), Does.Contain("transformers, vLLM"));
        using var source = Checkpoint.Open(compressed);
        using var out1 = Checkpoint.Open(merged);
        foreach (var module in DecoderModel.Load(source).Linears)
            Assert.That(out1.Tensors[module.Name + ".weight"].ToSingles(), Is.EqualTo(module.ToDense(_backend)).Within(1e-6), module.Name);
    }

    [Test]
    public void A_model_of_integers_can_be_compressed_and_its_result_is_none()
    {
        string integers = Export(GoldenFiles.Copied("models", "llama-gqa-tied"), new ExportOptions { Type = "int8" });
        using var run = new TinyRun(Checkpoint.Open(integers));
        Assert.That(run.Model.Tensors.Values.Select(tensor => tensor.Type), Does.Contain(DType.Int8));
        string folder = run.Compress(new CompressionOptions { Ratios = [0.6] }, evaluate: false).Folder;
        Assert.That(Config(folder).ContainsKey("quantization_config"), Is.False);
        using var result = Checkpoint.Open(folder);
        Assert.That(result.Tensors.Values.Select(tensor => tensor.Type).Distinct(), Is.SubsetOf(new[] { DType.F16, DType.F32 }));
        Assert.That(DecoderModel.Load(result).Linears.Any(module => module.Rank is not null));
    }

    [Test]
    public void A_GGUF_file_becomes_a_folder_with_the_same_ids_and_texts()
    {
        string gguf = _folder["model.gguf"];
        Exporter.Run(Opt.Replace("tinytales-opt", "tinytales-llama"), "gguf", new ExportOptions(), gguf, _backend);
        string folder = Export(gguf, new ExportOptions());
        const string text = "Once upon a time there was a dog. Ünï 12";
        Assert.That(Tokenizer.Open(folder).Encode(text), Is.EqualTo(Tokenizer.Open(gguf).Encode(text)));
        using var before = Checkpoint.Open(gguf);
        using var after = Checkpoint.Open(folder);
        foreach (var (name, tensor) in before.Tensors)
            Assert.That(after.Tensors[name].ToSingles(), Is.EqualTo(tensor.ToSingles()), name);
        Assert.That(
            GenerationConfig.Of(after, Tokenizer.Open(folder)).StopTokens,
            Is.EqualTo(GenerationConfig.Of(before, Tokenizer.Open(gguf)).StopTokens)
        );
    }

    [Test]
    public void The_chat_template_travels_from_folder_to_GGUF_and_back()
    {
        string source = _folder["source"];
        Directory.CreateDirectory(source);
        foreach (string file in Directory.GetFiles(Opt.Replace("tinytales-opt", "tinytales-llama")))
            File.Copy(file, Path.Combine(source, Path.GetFileName(file)));
        const string template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
        File.WriteAllText(Path.Combine(source, "chat_template.jinja"), template);
        string gguf = _folder["model.gguf"];
        Exporter.Run(source, "gguf", new ExportOptions(), gguf, _backend);
        string folder = Export(gguf, new ExportOptions());
        foreach (string path in (string[])[source, gguf, folder])
        {
            using var model = Checkpoint.Open(path);
            Assert.That(ChatTemplate.Of(model, Tokenizer.Open(path))!.Render([new("user", "Hi")]), Is.EqualTo("<user>Hi"), path);
        }
    }

    [Test]
    public void What_cannot_be_done_is_refused_before_anything_is_written()
    {
        Assert.Throws<InvalidInputException>(() => Export(Opt, new ExportOptions { Type = "q4_k" }));
        Assert.Throws<InvalidInputException>(() => Export(Opt, new ExportOptions { Adapter = true }));
        string full = _folder["full"];
        Directory.CreateDirectory(full);
        File.WriteAllText(Path.Combine(full, "a"), "");
        Assert.Throws<InvalidInputException>(() => Export(Opt, new ExportOptions(), "full"));
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            Exporter.Run(Opt, "hf", new ExportOptions(), _folder["stopped"], _backend, stopped.Token)
        );
        Assert.That(Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName), Is.EqualTo(new[] { "full" }));
    }

    private string Export(string model, ExportOptions options, string name = "out")
    {
        string path = _folder[name];
        Exporter.Run(model, "hf", options, path, _backend);
        return path;
    }

    private static System.Text.Json.Nodes.JsonObject Config(string folder) => JsonFile.ReadObject(Path.Combine(folder, "config.json"));

    private double Perplexity8(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return Perplexity.Evaluate(DecoderModel.Load(checkpoint), _backend, TinyTales.Evaluation(8)).Ppl;
    }
}
