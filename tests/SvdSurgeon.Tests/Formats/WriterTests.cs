using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats;

public class WriterTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase(DType.F32, "float32", 0), TestCase(DType.F16, "float16", 1e-3), TestCase(DType.BF16, "bfloat16", 8e-3)]
    public void A_model_written_as_another_type_reads_back_as_the_rounded_numbers(DType type, string name, double tolerance)
    {
        using var source = Checkpoint.Open(GoldenFiles.Copied("models", "llama-gqa-tied"));
        string target = _folder["out"];
        long bytes = HuggingFaceWriter.Write(
            target,
            source.ConfigJson,
            [.. source.Tensors.Values.Select(tensor => TensorEntry.From(tensor, type))],
            source.Path
        );
        using var copy = Checkpoint.Open(target);
        Assert.That(copy.Bytes, Is.EqualTo(bytes));
        Assert.That((string?)copy.ConfigJson["dtype"], Is.EqualTo(name));
        Assert.That(copy.Config with { EosTokenIds = [], Windows = [] }, Is.EqualTo(source.Config with { EosTokenIds = [], Windows = [] }));
        foreach (var (tensor, expected) in source.Tensors)
        {
            Assert.That(copy.Tensors[tensor].Type, Is.EqualTo(type));
            float[] before = expected.ToSingles(),
                after = copy.Tensors[tensor].ToSingles();
            for (int i = 0; i < before.Length; i++)
                Assert.That(after[i], Is.EqualTo(before[i]).Within(tolerance * Math.Abs(before[i]) + (tolerance > 0 ? 1e-6 : 0)));
        }
    }

    [Test]
    public void A_type_that_stays_keeps_every_bit()
    {
        double[] values = [Math.PI, -1.0 / 3];
        var bytes = GC.AllocateArray<byte>(16, pinned: true);
        Buffer.BlockCopy(values, 0, bytes, 0, 16);
        SafeTensorsWriter.Write(_folder["a"], [TensorEntry.From(StoredTensor.FromBytes("x", DType.F64, [2], bytes), DType.F64)]);
        Assert.That(File.ReadAllBytes(_folder["a"])[^16..], Is.EqualTo(bytes));
    }

    [Test]
    public void An_error_calls_the_files_of_a_folder_by_their_final_names()
    {
        var entry = new TensorEntry("a", DType.F32, [1L << 50], _ => { });
        var error = Assert.Throws(
            Is.InstanceOf<IOException>(),
            () => HuggingFaceWriter.Write(_folder["out"], [], [entry], maxShardBytes: long.MaxValue)
        );
        Assert.That(error!.Message, Does.StartWith(_folder["out/model.safetensors"]));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void Row_permuted_tensors_are_written_in_logical_order()
    {
        using var gguf = Checkpoint.Open(GoldenFiles.Copied("files", "llama-gqa-tied.f32.gguf"));
        using var source = Checkpoint.Open(GoldenFiles.Copied("models", "llama-gqa-tied"));
        HuggingFaceWriter.Write(_folder["out"], gguf.ConfigJson, [.. gguf.Tensors.Values.Select(TensorEntry.From)]);
        using var copy = Checkpoint.Open(_folder["out"]);
        foreach (var (name, expected) in source.Tensors)
            Assert.That(copy.Tensors[name].ToSingles(), Is.EqualTo(expected.ToSingles()), name);
        Assert.That(copy.Config with { EosTokenIds = [], Windows = [] }, Is.EqualTo(gguf.Config with { EosTokenIds = [], Windows = [] }));
    }

    [Test]
    public void A_large_model_is_written_in_shards_that_read_back()
    {
        using var source = Checkpoint.Open(GoldenFiles.Copied("models", "llama-gqa-tied"));
        HuggingFaceWriter.Write(
            _folder["out"],
            source.ConfigJson,
            [.. source.Tensors.Values.Select(TensorEntry.From)],
            maxShardBytes: 30_000
        );
        using var copy = Checkpoint.Open(_folder["out"]);
        Assert.That(copy.Files, Has.Count.GreaterThan(3));
        Assert.That(copy.Files.Select(file => new FileInfo(file).Length), Has.All.LessThan(33_000));
        Assert.That(Path.GetFileName(copy.Files[0]), Is.EqualTo($"model-00001-of-{copy.Files.Count:D5}.safetensors"));
        foreach (var (name, expected) in source.Tensors)
            Assert.That(copy.Tensors[name].ToSingles(), Is.EqualTo(expected.ToSingles()), name);
    }

    [Test]
    public void Tokenizer_files_are_copied_and_others_are_not()
    {
        using var source = new TemporaryFolder();
        foreach (
            string name in new[]
            {
                "tokenizer.json",
                "vocab.json",
                "merges.txt",
                "tokenizer.model",
                "chat_template.jinja",
                "README.md",
                "pytorch_model.bin",
            }
        )
            source.Write(name, name);
        HuggingFaceWriter.Write(_folder["out"], [], [], source.Path, folder => File.WriteAllText(Path.Combine(folder, "extra.json"), "{}"));
        Assert.That(
            Directory.GetFiles(_folder["out"]).Select(Path.GetFileName),
            Is.EquivalentTo(
                new[]
                {
                    "config.json",
                    "model.safetensors",
                    "tokenizer.json",
                    "vocab.json",
                    "merges.txt",
                    "tokenizer.model",
                    "chat_template.jinja",
                    "extra.json",
                }
            )
        );
        Assert.That(File.ReadAllText(_folder["out/merges.txt"]), Is.EqualTo("merges.txt"));
    }

    [
        TestCase(70000f, DType.F16, "Use --dtype bf16 or f32"),
        TestCase(65520f, DType.F16, "float16 ends at 65504"),
        TestCase(3.4e38f, DType.BF16, "Use --dtype f32")
    ]
    [TestCase(float.NaN, DType.F32, "not finite (NaN)"), TestCase(float.NegativeInfinity, DType.F16, "not finite")]
    public void A_number_that_would_be_lost_is_an_error_and_leaves_nothing(float value, DType type, string reason)
    {
        var tensor = StoredTensor.FromSingles("model.x.weight", [3], [1, value, 2]);
        string target = _folder["out"];
        var error = Assert.Throws<NumericalException>(() => HuggingFaceWriter.Write(target, [], [TensorEntry.From(tensor, type)]));
        Assert.That(error!.Message, Does.Contain("'model.x.weight'").And.Contain(reason));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void The_largest_numbers_that_still_fit_are_written()
    {
        float half = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(65520f) - 1);
        float bfloat = BitConverter.UInt32BitsToSingle(0x7F7F7FFF);
        SafeTensorsWriter.Write(
            _folder["a"],
            [
                TensorEntry.FromSingles("half", [1], new[] { half }, DType.F16),
                TensorEntry.FromSingles("bfloat", [1], new[] { -bfloat }, DType.BF16),
            ]
        );
        using var file = SafeTensorsFile.Open(_folder["a"]);
        Assert.That(file["half"].ToSingles()[0], Is.EqualTo(65504f));
        Assert.That(file["bfloat"].ToSingles()[0], Is.EqualTo(-BitConverter.UInt32BitsToSingle(0x7F7F0000)));
    }

    [Test]
    public void A_folder_that_is_not_empty_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(_folder["out"]);
        _folder.Write("out/notes.txt", "mine");
        Assert.That(
            Assert.Throws<InvalidInputException>(() => OutputFolder.EnsureUsable(_folder["out"]))!.Message,
            Does.Contain("exists and is not empty")
        );
        Assert.Throws<InvalidInputException>(() => HuggingFaceWriter.Write(_folder["out"], [], []));
        Assert.That(Directory.GetFiles(_folder["out"]), Has.Length.EqualTo(1));
        Assert.That(
            Assert.Throws<InvalidInputException>(() => OutputFolder.EnsureUsable(_folder["out/notes.txt"]))!.Message,
            Does.Contain("there is a file of this name")
        );
    }

    [Test]
    public void An_empty_folder_and_what_a_killed_run_left_are_taken_over()
    {
        Directory.CreateDirectory(_folder["out"]);
        Directory.CreateDirectory(_folder["out.partial"]);
        _folder.Write("out.partial/model.safetensors", "half");
        HuggingFaceWriter.Write(_folder["out"] + Path.DirectorySeparatorChar, new JsonObject { ["a"] = 1 }, []);
        Assert.That(Directory.GetDirectories(_folder.Path), Has.Length.EqualTo(1));
        Assert.That(File.ReadAllText(_folder["out/config.json"]), Is.EqualTo("{\n  \"a\": 1\n}\n"));
    }

    [Test]
    public void A_failed_write_keeps_the_older_file()
    {
        string path = _folder.Write("model.safetensors", "older");
        Assert.That(
            () =>
                AtomicFile.Write(
                    path,
                    stream =>
                    {
                        stream.Write("newer"u8);
                        throw new InvalidOperationException("stopped");
                    }
                ),
            Throws.InvalidOperationException
        );
        Assert.That(File.ReadAllText(path), Is.EqualTo("older"));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(1));
    }
}
