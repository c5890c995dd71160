using System.Buffers.Binary;
using System.Text;
using NUnit.Framework;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats;

public class SafeTensorsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private static byte[] FileOf(string header, int dataBytes) => FileOf(Encoding.UTF8.GetBytes(header), dataBytes);

    private static byte[] FileOf(byte[] header, int dataBytes)
    {
        var file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        return file;
    }

    private const string Entry = """{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""";

    [TestCase(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
        12,
        "'b'",
        "overlaps"
    )]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        8,
        "'b'",
        "overlaps"
    )]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}""",
        16,
        "'b'",
        "gap of 4 bytes"
    )]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "'a'", "gap of 4 bytes")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "", "1 bytes follow the last tensor")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "'a'", "probably incomplete")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""", 8, "'a'", "probably incomplete")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "'a'", "after its end")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "'a'", "needs 8 bytes, its offsets span 4")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "'a'", "instead of 2")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "'a'", "too large")]
    // Rows count without columns too.
    [TestCase("""{"a":{"dtype":"F32","shape":[4294967296,0],"data_offsets":[0,0]}}""", 0, "'a'", "too large")]
    [TestCase("""{"a":{"dtype":"F32","shape":[7,0],"data_offsets":[0,0]}}""", 0, null, null)]
    [TestCase("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "'a'", "non-negative integer")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "'a'", "non-negative integer")]
    [TestCase(
        """{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""",
        8,
        "'F8_E4M3'",
        "Supported: F64, F32, F16, BF16, I64, I32, I8, U8, BOOL"
    )]
    [TestCase("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "'a'", "lacks")]
    [TestCase("""{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}""", 8, "'a'", "twice")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""", 8, "'a'", "unknown key 'more'")]
    [TestCase(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        8,
        "'a'",
        "appears twice"
    )]
    [TestCase("""{"a":3}""", 0, "'a'", "not a JSON object")]
    [TestCase("""{"__metadata__":{"format":3}}""", 0, "'format'", "not a string")]
    [TestCase("""{"__metadata__":{"k":"1","k":"2"}}""", 0, "'k'", "appears twice")]
    [TestCase("""{"a":""" + Entry + """,}""", 8, "", "not valid JSON")]
    [TestCase("""{"a":""" + Entry, 8, "", "not valid JSON")]
    [TestCase("""{"\ud800":""" + Entry + "}", 8, "", "not valid JSON")]
    [TestCase("""[1]""", 0, "", "not a JSON object")]
    [TestCase("""{} {}""", 0, "", "not valid JSON")]
    [TestCase("", 0, "", "not valid JSON")]
    public void A_damaged_header_is_refused_with_file_tensor_and_reason(string header, int dataBytes, string? tensor, string? reason)
    {
        string path = _folder.Write("model.safetensors", FileOf(header, dataBytes));
        if (reason is null)
        {
            using var file = SafeTensorsFile.Open(path);
            Assert.That(file["a"].Count, Is.Zero);
            return;
        }
        var error = Assert.Throws<InvalidModelException>(() => SafeTensorsFile.Open(path));
        Assert.That(error!.Message, Does.StartWith(path).And.Contain(reason).And.Contain(tensor));
    }

    [Test]
    public void A_header_that_is_not_utf8_is_refused()
    {
        byte[] header = Encoding.UTF8.GetBytes("{\"a\":" + Entry + "}");
        header[2] = 0xFF;
        var error = Assert.Throws<InvalidModelException>(() => SafeTensorsFile.Open(_folder.Write("model.safetensors", FileOf(header, 8))));
        Assert.That(error!.Message, Does.Contain("not valid UTF-8"));
    }

    [
        TestCase(100_000_001UL, "more than the 100000000 allowed"),
        TestCase(ulong.MaxValue, "more than the 100000000 allowed"),
        TestCase(99UL, "probably incomplete")
    ]
    public void A_header_longer_than_allowed_or_than_the_file_is_refused(ulong length, string reason)
    {
        var file = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        var error = Assert.Throws<InvalidModelException>(() => SafeTensorsFile.Open(_folder.Write("model.safetensors", file)));
        Assert.That(error!.Message, Does.Contain(reason));
    }

    [Test]
    public void A_missing_file_and_an_empty_file_are_named()
    {
        Assert.That(
            Assert.Throws<InvalidModelException>(() => SafeTensorsFile.Open(_folder["none.safetensors"]))!.Message,
            Does.Contain("none.safetensors: the file does not exist")
        );
        Assert.That(
            Assert.Throws<InvalidModelException>(() => SafeTensorsFile.Open(_folder.Write("empty.safetensors", [])))!.Message,
            Does.Contain("the file has 0 bytes")
        );
    }

    [Test]
    public void All_types_are_written_and_read_back_with_metadata()
    {
        DType[] types = [DType.F64, DType.F32, DType.F16, DType.BF16, DType.I64, DType.I32, DType.I8, DType.U8, DType.Bool];
        var tensors = types
            .Select(type =>
            {
                var bytes = GC.AllocateArray<byte>((int)type.ByteCount(6), pinned: true);
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = type == DType.Bool ? (byte)(i % 2) : (byte)(i * 7 % 64);
                return StoredTensor.FromBytes(type.ToString(), type, [2, 3], bytes);
            })
            .ToArray();
        string path = _folder["all.safetensors"];
        SafeTensorsWriter.Write(path, tensors.Select(TensorEntry.From), new Dictionary<string, string> { ["made \"by\""] = "ä\n" });
        using var file = SafeTensorsFile.Open(path);
        Assert.That(file.Metadata["made \"by\""], Is.EqualTo("ä\n"));
        foreach (var tensor in tensors)
        {
            Assert.That(file[tensor.Name].Type, Is.EqualTo(tensor.Type));
            Assert.That(file[tensor.Name].Shape, Is.EqualTo(tensor.Shape));
            Assert.That(file[tensor.Name].ToSingles(), Is.EqualTo(tensor.ToSingles()), tensor.Name);
            Assert.That(file[tensor.Name].Address % tensor.Type.Block().Bytes, Is.EqualTo((nint)0), "tensors are aligned");
        }
    }

    [Test]
    public void A_golden_file_is_written_back_byte_for_byte()
    {
        string original = GoldenFiles.Copied("models", "llama-mha", "model.safetensors");
        using var file = SafeTensorsFile.Open(original);
        string copy = _folder["copy.safetensors"];
        SafeTensorsWriter.Write(copy, file.Tensors.Values.Select(TensorEntry.From), file.Metadata);
        Assert.That(File.ReadAllBytes(copy), Is.EqualTo(File.ReadAllBytes(original)));
    }

    [Test]
    public void A_scalar_and_an_empty_tensor_survive()
    {
        string path = _folder["small.safetensors"];
        SafeTensorsWriter.Write(
            path,
            [TensorEntry.FromSingles("scalar", [], new[] { 2.5f }), TensorEntry.FromSingles("empty", [0, 4], Array.Empty<float>())]
        );
        using var file = SafeTensorsFile.Open(path);
        Assert.That(file["scalar"].Shape, Is.Empty);
        Assert.That(file["scalar"].ToSingles(), Is.EqualTo(new[] { 2.5f }));
        Assert.That(file["empty"].ToSingles(), Is.Empty);
    }

    [Test]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] whole = File.ReadAllBytes(GoldenFiles.Copied("files", "llama-sharded", "model-00002-of-00003.safetensors"));
        for (int length = 0; length < whole.Length; length += length < 2000 ? 3 : 197)
        {
            string path = _folder.Write("model.safetensors", whole.AsSpan(0, length));
            Assert.Throws<InvalidModelException>(() => SafeTensorsFile.Open(path), $"{length} bytes");
        }
    }

    [Test]
    public void A_changed_byte_never_gives_anything_but_a_tensor_or_a_model_error()
    {
        const int seed = 7;
        var random = new Random(seed);
        byte[] whole = File.ReadAllBytes(GoldenFiles.Copied("files", "llama-sharded", "model-00002-of-00003.safetensors"));
        int header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        for (int round = 0; round < 400; round++)
            Damage.OneByte(
                whole,
                header,
                random,
                bytes => _folder.Write("model.safetensors", bytes),
                path =>
                {
                    using var file = SafeTensorsFile.Open(path);
                    foreach (var tensor in file.Tensors.Values)
                        tensor.ToSingles();
                }
            );
    }

    [Test]
    public void Tensors_of_an_unmapped_file_refuse_to_be_read()
    {
        var file = SafeTensorsFile.Open(GoldenFiles.Copied("models", "llama-mha", "model.safetensors"));
        var tensor = file["model.norm.weight"];
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.ToSingles());
    }

    [Test]
    public void Tensors_keep_their_file_mapped()
    {
        var tensor = SafeTensorsFile.Open(GoldenFiles.Copied("models", "llama-mha", "model.safetensors"))["model.norm.weight"];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(tensor.ToSingles(), Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void An_entry_that_writes_too_little_is_a_mistake_of_the_program_and_leaves_no_file()
    {
        string path = _folder["short.safetensors"];
        var entry = new TensorEntry("a", DType.F32, [4], stream => stream.Write(new byte[12]));
        Assert.That(() => SafeTensorsWriter.Write(path, [entry]), Throws.InvalidOperationException.With.Message.Contains("'a'"));
        Assert.That(Directory.GetFiles(_folder.Path), Is.Empty);
    }

    [Test]
    public void What_does_not_fit_on_the_disk_is_an_error_with_file_and_bytes_and_leaves_nothing()
    {
        string path = _folder["huge.safetensors"];
        var entry = new TensorEntry("a", DType.F32, [1L << 50], _ => Assert.Fail("nothing should be written"));
        var error = Assert.Throws(Is.InstanceOf<IOException>(), () => SafeTensorsWriter.Write(path, [entry]));
        Assert.That(error!.Message, Does.Contain(path).And.Contain("bytes free").And.Not.Contain(".partial"));
        Assert.That(error.Message, Does.Match(@"45035996273\d+ bytes could not be written"));
        Assert.That(Directory.GetFiles(_folder.Path), Is.Empty);
    }
}
