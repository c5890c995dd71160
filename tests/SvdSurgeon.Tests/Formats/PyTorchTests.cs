using System.IO.Compression;
using System.Text;
using NUnit.Framework;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.PyTorch;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats;

public class PyTorchTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    // Each pickle was saved from the same random model as the safetensors folder.
    [TestCase("opt-bin", "opt-postnorm-projected"), TestCase("llama-bin-sharded", "llama-mha"), TestCase("llama-sharded", "llama3-rope")]
    public void Another_file_of_the_same_model_holds_the_same_tensors(string files, string model)
    {
        using var actual = Checkpoint.Open(GoldenFiles.Copied("files", files));
        using var expected = Checkpoint.Open(GoldenFiles.Copied("models", model));
        Assert.That(actual.Tensors.Keys, Is.EquivalentTo(expected.Tensors.Keys));
        foreach (var (name, tensor) in expected.Tensors)
        {
            Assert.That(actual.Tensors[name].Shape, Is.EqualTo(tensor.Shape), name);
            Assert.That(actual.Tensors[name].Type, Is.EqualTo(tensor.Type), name);
            Assert.That(actual.Tensors[name].ToSingles(), Is.EqualTo(tensor.ToSingles()), name);
        }
    }

    // golden/files/torch was saved by PyTorch 1.13.
    [Test]
    public void An_ordered_state_dictionary_with_views_parameters_and_all_types_is_read()
    {
        using var file = PyTorchFile.Open(GoldenFiles.Copied("files", "torch", "state.bin"));
        Assert.That(Values("plain"), Is.EqualTo(Enumerable.Range(0, 12)));
        Assert.That(Values("parameter"), Is.EqualTo(Enumerable.Range(0, 12).Select(i => 2 * i)));
        Assert.That(file.Tensors["transposed"].Shape, Is.EqualTo(new[] { 4, 3 }));
        Assert.That(Values("transposed"), Is.EqualTo(new[] { 0, 12, 24, 3, 15, 27, 6, 18, 30, 9, 21, 33 }));
        Assert.That(Values("view"), Is.EqualTo(Enumerable.Range(4, 12)));
        Assert.That(Values("same"), Is.EqualTo(Enumerable.Range(0, 20)));
        Assert.That(Values("doubles"), Is.EqualTo(new[] { 0, 0.25, 0.5, 0.75, 1 }));
        Assert.That(Values("longs"), Is.EqualTo(new[] { -1, 1099511627776.0 }));
        Assert.That(Values("ints"), Is.EqualTo(new[] { 7, -7 }));
        Assert.That(Values("bytes"), Is.EqualTo(new[] { 0, 255 }));
        Assert.That(Values("chars"), Is.EqualTo(new[] { -128, 127 }));
        Assert.That(Values("flags"), Is.EqualTo(new[] { 1, 0 }));
        Assert.That(Values("bf16"), Is.EqualTo(new[] { 1.5, -2 }));
        Assert.That(Values("scalar"), Is.EqualTo(new[] { 3.25 }));
        Assert.That(file.Tensors["scalar"].Shape, Is.Empty);
        Assert.That(Values("empty"), Is.Empty);
        Assert.That(file.Tensors["bf16"].Type, Is.EqualTo(DType.BF16));

        float[] Values(string name) => file.Tensors[name].ToSingles();
    }

    [TestCase("legacy.bin", "before version 1.6")]
    [TestCase("evil.bin", "'posix.system', which is refused")]
    [TestCase("module.bin", "'torch.nn.modules.linear.Linear', which is refused")]
    [TestCase("short.bin", "'torch.ShortStorage', which is refused")]
    [TestCase("complex.bin", "'torch.ComplexFloatStorage', which is refused")]
    [TestCase("not-a-tensor.bin", "'epoch' is no tensor")]
    [TestCase("expanded.bin", "expanded view")]
    [TestCase("protocol4.bin", "pickle protocol 4")]
    public void What_is_not_a_plain_dictionary_of_tensors_is_refused_by_name(string name, string reason)
    {
        string path = GoldenFiles.Copied("files", "torch", name);
        var error = Assert.Throws<InvalidModelException>(() => PyTorchFile.Open(path));
        Assert.That(error!.Message, Does.StartWith(path).And.Contain(reason));
    }

    [TestCase("cbuiltins\neval\n(X\u0001\0\0\0xtR.", "'builtins.eval', which is refused")]
    [TestCase("(i__builtin__\neval\n.", "instruction 0x69")]
    [TestCase("\u0080\u0002\u0093.", "instruction 0x93")]
    [TestCase("K\u0001.", "does not hold a dictionary")]
    [TestCase("}", "ends too early")]
    [TestCase("h\u0001.", "never stored")]
    [TestCase("u.", "a mark is missing")]
    [TestCase("}(K\u0001u.", "a key has no value")]
    [TestCase("(}t0.", "instruction 0x30")]
    [TestCase("}K\u0001K\u0002s.", "no text")]
    [TestCase("ctorch._utils\n_rebuild_tensor_v2\n)R.", "do not make a tensor")]
    [TestCase("(Q.", "a value is missing")]
    [TestCase("X\u00ff\u00ff\u00ff\u00ff.", "ends too early")]
    public void A_pickle_with_anything_else_is_refused(string pickle, string reason)
    {
        string path = Archive("model.bin", ("m/data.pkl", Encoding.Latin1.GetBytes(pickle)));
        var error = Assert.Throws<InvalidModelException>(() => PyTorchFile.Open(path));
        Assert.That(error!.Message, Does.StartWith(path).And.Contain(reason));
    }

    [Test]
    public void Big_endian_numbers_are_refused()
    {
        string path = Archive("model.bin", ("m/data.pkl", "}."u8.ToArray()), ("m/byteorder", "big"u8.ToArray()));
        Assert.That(Assert.Throws<InvalidModelException>(() => PyTorchFile.Open(path))!.Message, Does.Contain("big-endian"));
    }

    [Test]
    public void Compressed_entries_are_refused_by_name()
    {
        string path = _folder["model.bin"];
        using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
        using (var stream = archive.CreateEntry("m/data.pkl", CompressionLevel.SmallestSize).Open())
            stream.Write(new byte[1000]);
        Assert.That(
            Assert.Throws<InvalidModelException>(() => PyTorchFile.Open(path))!.Message,
            Does.Contain("'m/data.pkl' is compressed")
        );
    }

    [Test]
    public void A_zip_archive_that_is_no_model_is_refused()
    {
        string path = Archive("model.bin", ("readme.txt", "hello"u8.ToArray()));
        Assert.That(Assert.Throws<InvalidModelException>(() => PyTorchFile.Open(path))!.Message, Does.Contain("no data.pkl"));
    }

    [Test]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] whole = File.ReadAllBytes(GoldenFiles.Copied("files", "torch", "state.bin"));
        for (int length = 0; length < whole.Length; length += 5)
        {
            string path = _folder.Write("model.bin", whole.AsSpan(0, length));
            Assert.Throws<InvalidModelException>(() => PyTorchFile.Open(path), $"{length} bytes");
        }
    }

    [Test]
    public void A_changed_byte_never_gives_anything_but_a_tensor_or_a_model_error()
    {
        const int seed = 11;
        var random = new Random(seed);
        byte[] whole = File.ReadAllBytes(GoldenFiles.Copied("files", "torch", "state.bin"));
        for (int round = 0; round < 800; round++)
            Damage.OneByte(
                whole,
                whole.Length,
                random,
                bytes => _folder.Write("model.bin", bytes),
                path =>
                {
                    using var file = PyTorchFile.Open(path);
                    foreach (var tensor in file.Tensors.Values)
                        tensor.ToSingles();
                }
            );
    }

    private string Archive(string name, params (string Name, byte[] Data)[] entries)
    {
        string path = _folder[name];
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (entry, data) in entries)
        {
            using var stream = archive.CreateEntry(entry, CompressionLevel.NoCompression).Open();
            stream.Write(data);
        }
        return path;
    }
}
