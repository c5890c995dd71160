using NUnit.Framework;
using SvdSurgeon.Export;
using SvdSurgeon.Export.Onnx;
using SvdSurgeon.Formats.Onnx;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests;

namespace SvdSurgeon.Interop.Tests.Onnx;

/// <summary>What is written, and what is refused with nothing left behind.</summary>
public sealed class OnnxExportTests : OnnxTestBase
{
    [Test]
    public void The_same_model_gives_the_same_bytes()
    {
        string first = Export(Asset("tinytales-llama"), "int4");
        Directory.Move(first, Folder["first"]);
        string second = Export(Asset("tinytales-llama"), "int4");
        foreach (string file in Directory.GetFiles(Folder["first"]))
            Assert.That(
                File.ReadAllBytes(Path.Combine(second, Path.GetFileName(file))).AsSpan().SequenceEqual(File.ReadAllBytes(file)),
                Path.GetFileName(file)
            );
    }

    [Test]
    public void An_interrupted_export_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var options = new ExportOptions();
        Assert.Throws<OperationCanceledException>(() =>
            Exporter.Run(Asset("tinytales-llama"), "onnx", options, Folder["out"], Backend, stop.Token)
        );
        Assert.That(Directory.GetFileSystemEntries(Folder.Path), Is.Empty);
    }

    [TestCase("f32")]
    [TestCase("f16")]
    [TestCase("int4")]
    public void A_weight_that_is_not_a_number_is_an_error_that_leaves_nothing_behind(string type)
    {
        string source = WithWeight("model.layers.2.mlp.down_proj.weight", float.NaN);
        var error = Assert.Throws<InvalidModelException>(() => Export(source, type, tokenizer: false));
        Assert.That(error!.Message, Does.Contain("model.layers.2.mlp.down_proj.weight"));
        Assert.That(Directory.GetFileSystemEntries(Folder.Path), Is.EqualTo(new[] { source }));
    }

    [Test]
    public void A_weight_that_float16_cannot_hold_is_an_error_that_says_the_way_out()
    {
        var error = Assert.Throws<InvalidModelException>(() => Export(WithWeight("model.norm.weight", 1e5f), "f16", tokenizer: false));
        Assert.That(error!.Message, Does.Contain("bf16 or f32"));
    }

    [Test]
    public void A_folder_that_is_not_empty_is_refused_and_kept()
    {
        string folder = Directory.CreateDirectory(Folder["onnx-f32"]).FullName;
        File.WriteAllText(Path.Combine(folder, "letter.txt"), "mine");
        Assert.Throws<InvalidInputException>(() => Export(Asset("tinytales-llama"), "f32"));
        Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_model_without_a_tokenizer_is_refused_by_name_and_written_when_asked()
    {
        string source = GoldenFiles.Copied("models", "llama-mha");
        var error = Assert.Throws<InvalidModelException>(() => Export(source, "f32"));
        Assert.That(error!.Message, Does.Contain("tokenizer"));
        Assert.That(Directory.GetFileSystemEntries(Folder.Path), Is.Empty);
        Assert.That(File.Exists(Path.Combine(Export(source, "f32", tokenizer: false), "model.onnx")));
    }

    [Test]
    public void Options_of_other_formats_are_refused()
    {
        string source = Asset("tinytales-llama"),
            folder = Folder["out"];
        foreach (
            var options in new ExportOptions[]
            {
                new() { Adapter = true },
                new() { TensorTypes = [new("v_proj", "int8")] },
                new() { Type = "q4_k" },
            }
        )
            Assert.Throws<InvalidInputException>(() => Exporter.Run(source, "onnx", options, folder, Backend));
    }

    // The wire format by its own documentation's example: field 1 = 150 is 08 96 01, field 2 = "testing" is 12 07 and the text.
    [Test]
    public void Protobuf_fields_have_the_documented_bytes()
    {
        var writer = new ProtobufWriter();
        writer.Integer(1, 150);
        writer.Text(2, "testing");
        writer.Message(3, inner => inner.Integer(1, 150));
        writer.Single(4, 1f);
        writer.Integer(20, -1);
        Assert.That(
            Convert.ToHexString(writer.Written),
            Is.EqualTo("089601" + "120774657374696E67" + "1A03089601" + "250000803F" + "A001FFFFFFFFFFFFFFFFFF01")
        );
    }

    [Test]
    public void The_largest_number_of_a_block_is_kept_exactly_and_the_others_to_half_a_step()
    {
        var random = new Random(7);
        float[] row = [.. Enumerable.Range(0, 32).Select(_ => (float)(random.NextDouble() - 0.5))];
        row[5] = 0.75f;
        foreach (int bits in new[] { 4, 8 })
        {
            float scale = BlockWeights.Scale(row, bits);
            byte[] bytes = new byte[BlockWeights.BlockSize * bits / 8];
            BlockWeights.QuantizeRow(row, bits, bytes);
            for (int i = 0; i < row.Length; i++)
            {
                int q = bits == 8 ? bytes[i] : bytes[i / 2] >> (4 * (i % 2)) & 15;
                float value = (q - (1 << (bits - 1))) * scale;
                Assert.That(value, Is.EqualTo(row[i]).Within(i == 5 ? 1e-7 : Math.Abs(scale) * 0.5001 + 1e-7), $"{bits} bits, number {i}");
            }
        }
    }

    private string WithWeight(string name, float value)
    {
        string source = Directory.CreateDirectory(Folder["source"]).FullName;
        foreach (string original in Directory.GetFiles(GoldenFiles.Copied("models", "llama-mha")))
            File.Copy(original, Path.Combine(source, Path.GetFileName(original)));
        string file = Path.Combine(source, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        using (var stored = SafeTensorsFile.Open(file))
            Assert.That(stored[name].Type, Is.EqualTo(DType.BF16));
        long header = BitConverter.ToInt64(bytes);
        var json = System.Text.Json.Nodes.JsonNode.Parse(bytes.AsSpan(8, (int)header))!;
        long offset = 8 + header + (long)json[name]!["data_offsets"]![0]!;
        BitConverter.TryWriteBytes(bytes.AsSpan((int)offset), (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
        File.WriteAllBytes(file, bytes);
        return source;
    }
}
