using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Export;
using SvdSurgeon.Formats;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Export;

public class GgufExportTests
{
    private static readonly string[] Families =
    [
        "llama-gqa-tied",
        "llama-headdim-bias",
        "llama-linear-rope",
        "llama-mha",
        "llama3-rope",
        "mistral-window",
        "qwen2",
        "qwen3",
    ];

    private readonly CpuBackend _backend = new(2);
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [OneTimeTearDown]
    public void CloseBackend() => _backend.Dispose();

    private static string TinyTales => Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-llama");

    private ExportResult Export(string model, ExportOptions options, string name = "model.gguf") =>
        Exporter.Run(model, "gguf", options, _folder[name], _backend);

    [TestCaseSource(nameof(Families))]
    public void A_model_of_every_family_reads_back_with_the_same_numbers_and_configuration(string family)
    {
        string source = GoldenFiles.Copied("models", family);
        var result = Export(source, new ExportOptions { Type = "f32", WithoutTokenizer = true });
        using var expected = Checkpoint.Open(source);
        using var actual = Checkpoint.Open(result.Files.Single().Path);
        Assert.That(actual.Tensors.Keys, Is.EquivalentTo(expected.Tensors.Keys));
        foreach (var (name, tensor) in expected.Tensors)
            Assert.That(actual.Tensors[name].ToSingles(), Is.EqualTo(tensor.ToSingles()), name);
        Assert.That(
            actual.Config with
            {
                BosTokenId = expected.Config.BosTokenId,
                EosTokenIds = expected.Config.EosTokenIds,
                Windows = expected.Config.Windows,
            },
            Is.EqualTo(expected.Config)
        );
        Assert.That(actual.Config.Windows, Is.EqualTo(expected.Config.Windows));
    }

    [Test]
    public void A_sentencepiece_tokenizer_gives_the_same_ids_from_the_file()
    {
        var result = Export(TinyTales, new ExportOptions());
        string text = File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "texts", "evaluation.txt"))[
            ..20000
        ];
        Assert.That(Tokenizer.Open(result.Files.Single().Path).Encode(text), Is.EqualTo(Tokenizer.Open(TinyTales).Encode(text)));
    }

    [Test]
    public void The_bytes_do_not_depend_on_the_threads()
    {
        var one = Export(TinyTales, new ExportOptions { Type = "q4_0", Threads = 1 }, "one.gguf");
        var two = Export(TinyTales, new ExportOptions { Type = "q4_0", Threads = 2 }, "two.gguf");
        Assert.That(File.ReadAllBytes(two.Files[0].Path), Is.EqualTo(File.ReadAllBytes(one.Files[0].Path)));
    }

    [Test]
    public void Rules_choose_the_type_of_single_tensors_and_rows_that_do_not_fit_are_said()
    {
        var options = new ExportOptions
        {
            Type = "q4_k",
            TensorTypes = [TensorTypeRule.Parse("v_proj=q8_0"), TensorTypeRule.Parse("*embed*=f16")],
        };
        var result = Export(TinyTales, options);
        using var model = Checkpoint.Open(result.Files.Single().Path);
        Assert.That(model.Tensors["model.layers.1.self_attn.v_proj.weight"].Type, Is.EqualTo(DType.Q8_0));
        Assert.That(model.Tensors["model.embed_tokens.weight"].Type, Is.EqualTo(DType.F16));
        Assert.That(model.Tensors["model.layers.1.self_attn.q_proj.weight"].Type, Is.EqualTo(DType.Q5_0));
        Assert.That(
            result.Notes,
            Has.One.Contains("20 tensors have rows of 128 numbers, no multiple of 256: stored as q5_0 instead of q4_k.")
        );
    }

    [Test]
    public void Two_bits_are_written_where_they_are_asked_for_and_their_readers_are_said()
    {
        var result = Export(TinyTales, new ExportOptions { Type = "q2_0" });
        using var model = Checkpoint.Open(result.Files.Single().Path);
        Assert.That(model.Tensors["model.layers.1.self_attn.q_proj.weight"].Type, Is.EqualTo(DType.Q2_0));
        Assert.That(result.Notes, Has.One.Contains("older programs refuse"));
    }

    [Test]
    public void What_cannot_be_exported_is_refused_with_a_way_out_and_nothing_is_written()
    {
        string opt = Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-opt");
        Assert.That(() => Export(opt, new ExportOptions()), Throws.TypeOf<InvalidModelException>().With.Message.Contains("--format onnx"));
        Assert.That(
            () => Export(GoldenFiles.Copied("models", "qwen2"), new ExportOptions()),
            Throws.TypeOf<InvalidModelException>().With.Message.Contains("no tokenizer")
        );
        Assert.That(
            () => Export(TinyTales, new ExportOptions { Type = "q9" }),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("q8_0")
        );
        Assert.That(
            () => Export(TinyTales, new ExportOptions(), "model.bin"),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains(".gguf")
        );
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
        _folder.Write("model.gguf", "mine");
        Assert.That(() => Export(TinyTales, new ExportOptions()), Throws.TypeOf<InvalidInputException>());
        Assert.That(File.ReadAllText(_folder["model.gguf"]), Is.EqualTo("mine"));
    }

    [Test]
    public void A_cancelled_export_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.That(
            () => Exporter.Run(TinyTales, "gguf", new ExportOptions(), _folder["model.gguf"], _backend, stop.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }
}
