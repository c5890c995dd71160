using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats.HuggingFace;

/// <summary>Packed integers against files that the compressed-tensors library (0.20.1) wrote from tinytales-llama.</summary>
[TestFixture]
public sealed class CompressedTensorsTests
{
    private static string Llama => Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-llama");

    [TestCase("model.layers.2.mlp.down_proj", 2)]
    [TestCase("model.layers.1.mlp.gate_proj", 3)]
    [TestCase("model.layers.0.self_attn.k_proj", 4)]
    [TestCase("model.layers.2.self_attn.o_proj", 5)]
    [TestCase("model.layers.3.self_attn.v_proj", 8)]
    public void The_librarys_rule_gives_the_librarys_bytes(string module, int bits)
    {
        using var golden = SafeTensorsFile.Open(GoldenFiles.Copied("files", "pack-quantized", "modules.safetensors"));
        using var dense = Checkpoint.Open(Llama);
        var weight = dense.Tensors[module + ".weight"];
        float[] w = weight.ToSingles();
        var numbers = new sbyte[w.Length];
        var scales = new Half[w.Length / 32];
        for (int g = 0; g < scales.Length; g++)
        {
            scales[g] = NearestIntegers.WidestScale(w.AsSpan(32 * g, 32), bits);
            NearestIntegers.Round(w.AsSpan(32 * g, 32), scales[g], bits, numbers.AsSpan(32 * g, 32));
        }
        var matrix = new IntegerMatrix(weight.Rows, weight.Columns, bits, 32, numbers, scales);
        foreach (var entry in IntegerEntries.Of(module + ".weight", weight.Rows, weight.Columns, new IntegerScheme(bits, 32), () => matrix))
        {
            using var stream = new MemoryStream();
            entry.WriteTo(stream);
            var stored = golden[entry.Name];
            Assert.That(entry.Shape, Is.EqualTo(stored.Shape), entry.Name);
            Assert.That(stream.ToArray(), Is.EqualTo(Bytes(stored)), entry.Name);
        }
    }

    [Test]
    public void A_folder_of_the_library_has_its_perplexity()
    {
        string folder = GoldenFiles.Shared("golden", "files", "pack-quantized");
        using var checkpoint = Checkpoint.Open(folder);
        using var backend = new CpuBackend(1);
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")))!;
        var ids = TokenFile.Read(GoldenFiles.Shared("data", "ids", "tinytales-llama.evaluation.npy"));
        var result = Perplexity.Evaluate(DecoderModel.Load(checkpoint), backend, TokenWindows.FromText(ids.Tokens.Span, 256, 0));
        TestContext.Out.WriteLine(result);
        Assert.That(checkpoint.Tensors["model.layers.2.mlp.down_proj.weight"].Type, Is.EqualTo(DType.Int2));
        Assert.That(result.Windows, Is.EqualTo((int)expected["windows"]!));
        // The library rounds q·scale to float16 before it multiplies.
        Assert.That(result.Ppl, Is.EqualTo((double)expected["ppl"]!).Within(2e-5));
    }

    [Test]
    public void Numbers_of_every_width_and_length_come_back([Range(1, 8)] int bits)
    {
        var random = new Random(bits);
        foreach (int columns in (int[])[1, 7, 8, 31, 32, 40, 65, 100])
        foreach (int group in (int[])[8, 32, columns])
        {
            const int rows = 3;
            int groups = (columns + group - 1) / group;
            var (least, most) = IntegerGroups.Range(bits);
            var matrix = new IntegerMatrix(
                rows,
                columns,
                bits,
                group,
                [.. Enumerable.Range(0, rows * columns).Select(_ => (sbyte)random.Next(least, most + 1))],
                [.. Enumerable.Range(0, rows * groups).Select(_ => (Half)(random.NextDouble() + 0.1))]
            );
            var stored = matrix.ToStored("w");
            float[] expected = [.. matrix.Numbers.Select((q, i) => q * (float)matrix.Scales[i / columns * groups + i % columns / group])];
            Assert.That(stored.ToSingles(), Is.EqualTo(expected), $"{columns} columns, groups of {group}");
            if (columns <= 16)
                continue;
            var part = new float[columns - 16];
            stored.WidenRow(2, 16, part);
            Assert.That(part, Is.EqualTo(expected[(2 * columns + 16)..]));
        }
    }

    [Test]
    public void Products_with_packed_weights_are_those_with_the_widened_ones([Values(1, 3, 40)] int tokens, [Values(2, 3, 5, 8)] int bits)
    {
        const int m = 24,
            n = 96;
        var random = new Random(7);
        float[] w = [.. Enumerable.Range(0, m * n).Select(_ => (float)random.NextDouble() - 0.5f)];
        float[] x = [.. Enumerable.Range(0, tokens * n).Select(_ => (float)random.NextDouble() - 0.5f)];
        using var backend = new CpuBackend(2);
        var packed = NearestIntegers.Round(backend.LinearAlgebra, w, m, n, bits, 32, "w").ToStored("w");
        var wide = StoredTensor.FromSingles("w", [m, n], packed.ToSingles());
        Assert.That(Product(packed), Is.EqualTo(Product(wide)).Within(1e-6));
        Assert.That(Transposed(packed), Is.EqualTo(Transposed(wide)).Within(1e-6));

        float[] Product(StoredTensor weight)
        {
            using var input = backend.Allocate(tokens, n);
            using var output = backend.Allocate(tokens, m);
            backend.Upload(x, input);
            backend.Linear(input, weight, null, output);
            var y = new float[tokens * m];
            backend.Download(output, y);
            return y;
        }

        float[] Transposed(StoredTensor weight)
        {
            using var input = backend.Allocate(tokens, m);
            using var output = backend.Allocate(tokens, n);
            backend.Upload(x.AsSpan(0, tokens * m), input);
            backend.LinearBackward(input, weight, output);
            var y = new float[tokens * n];
            backend.Download(output, y);
            return y;
        }
    }

    [TestCase(64, 32, DType.Q8_0), TestCase(96, 96, DType.Q8_0), TestCase(40, 8, DType.F32), TestCase(64, 16, DType.F32)]
    public void Unpacked_for_a_device_the_numbers_are_the_same(int columns, int group, DType expected)
    {
        var random = new Random(columns);
        int groups = columns / group;
        var matrix = new IntegerMatrix(
            2,
            columns,
            3,
            group,
            [.. Enumerable.Range(0, 2 * columns).Select(_ => (sbyte)random.Next(-4, 4))],
            [.. Enumerable.Range(0, 2 * groups).Select(_ => (Half)random.NextDouble())]
        );
        var packed = matrix.ToStored("w").WithRows("w", [1, 0]);
        var unpacked = packed.Unpacked();
        Assert.That(unpacked.Type, Is.EqualTo(expected));
        Assert.That(unpacked.ToSingles(), Is.EqualTo(packed.ToSingles()));
    }

    [Test]
    public void A_searched_scale_is_never_worse_than_the_librarys([Range(2, 8)] int bits)
    {
        var random = new Random(bits);
        float[] w = [.. Enumerable.Range(0, 64 * 32).Select(_ => (float)(random.NextDouble() + random.NextDouble() - random.NextDouble()))];
        using var backend = new CpuBackend(1);
        float[] searched = NearestIntegers.Round(backend.LinearAlgebra, w, 64, 32, bits, 32, "w").ToStored("w").ToSingles();
        var numbers = new sbyte[32];
        double ours = 0,
            librarys = 0;
        for (int row = 0; row < 64; row++)
        {
            var group = w.AsSpan(32 * row, 32);
            var scale = NearestIntegers.WidestScale(group, bits);
            NearestIntegers.Round(group, scale, bits, numbers);
            double here = 0,
                there = 0;
            for (int i = 0; i < 32; i++)
            {
                here += Math.Pow(group[i] - searched[32 * row + i], 2);
                there += Math.Pow(group[i] - numbers[i] * (float)scale, 2);
            }
            Assert.That(here, Is.LessThanOrEqualTo(there * (1 + 1e-6)));
            (ours, librarys) = (ours + here, librarys + there);
        }
        TestContext.Out.WriteLine($"{bits} bits: squared error {ours:G4} searched, {librarys:G4} by the library's rule");
    }

    [Test]
    public void Each_module_has_the_bits_of_the_first_group_that_names_it()
    {
        var json = JsonFile.ReadObject(GoldenFiles.Copied("files", "pack-quantized", "config.json"));
        var config = QuantizationConfig.Read((JsonObject)json[QuantizationConfig.Key]!, "config.json");
        Assert.That(config.Find("model.layers.2.mlp.down_proj"), Is.EqualTo(new IntegerScheme(2, 32)));
        Assert.That(config.Find("model.layers.0.self_attn.o_proj"), Is.EqualTo(new IntegerScheme(5, 32)));
        Assert.That(() => config.Find("lm_head"), Throws.TypeOf<InvalidModelException>().With.Message.Contains("lm_head"));
        (string, IntegerScheme)[] modules = [("a.b", new(4, 32)), ("a.c", new(8, 0)), ("a.d", new(4, 32))];
        var again = QuantizationConfig.Read(QuantizationConfig.Json(modules), "config.json");
        foreach (var (module, scheme) in modules)
            Assert.That(again.Find(module), Is.EqualTo(scheme));
    }

    [TestCase(""" "quant_method":"gptq" """, "gptq")]
    [TestCase(""" "quant_method":"awq" """, "awq")]
    [TestCase(""" "format":"float-quantized" """, "float-quantized")]
    [TestCase(""" "kv_cache_scheme":{"num_bits":8} """, "kv_cache_scheme")]
    [TestCase(""" "config_groups":{} """, "config_groups")]
    [TestCase(
        """ "config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":4,"symmetric":false,"group_size":32}}} """,
        "zero points"
    )]
    [TestCase(""" "config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":16,"group_size":32}}} """, "num_bits")]
    [TestCase(""" "config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":12}}} """, "group_size")]
    [TestCase(""" "config_groups":{"a":{"targets":["re:(("],"weights":{"num_bits":4,"group_size":32}}} """, "((")]
    [TestCase(
        """ "config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":32},"input_activations":{}}} """,
        "activations"
    )]
    public void What_cannot_be_computed_exactly_is_refused_by_name(string changed, string named)
    {
        var json = (JsonObject)
            JsonFile.ReadObject(GoldenFiles.Copied("files", "pack-quantized", "config.json"))[QuantizationConfig.Key]!.DeepClone();
        foreach (var (key, value) in JsonNode.Parse($"{{{changed}}}")!.AsObject())
            json[key] = value?.DeepClone();
        var error = Assert.Throws<InvalidModelException>(() => QuantizationConfig.Read(json, "some/config.json"));
        Assert.That(error!.Message, Does.Contain("some/config.json").And.Contain(named));
    }

    [Test]
    public void A_part_that_is_missing_or_does_not_fit_is_named()
    {
        var matrix = new IntegerMatrix(2, 32, 4, 32, new sbyte[64], [(Half)1, (Half)1]);
        var entries = IntegerEntries.Of("m.weight", 2, 32, new IntegerScheme(4, 32), () => matrix);
        using var folder = new TemporaryFolder();
        Assert.That(Error(entries[..2], 4), Does.Contain("'m.weight_scale' is not"));
        Assert.That(Error(entries, 5), Does.Contain("5 bits"));
        Assert.That(Error([.. entries, TensorEntry.FromInt32("m.weight_g_idx", [1], new int[1])], 4), Does.Contain("m.weight_g_idx"));

        string Error(TensorEntry[] written, int bits)
        {
            string path = folder[$"{written.Length}-{bits}.safetensors"];
            SafeTensorsWriter.Write(path, written);
            using var file = SafeTensorsFile.Open(path);
            var config = QuantizationConfig.Read(QuantizationConfig.Json([("m", new IntegerScheme(bits, 32))]), "config.json");
            return Assert.Throws<InvalidModelException>(() => PackedTensors.Resolve([.. file.Tensors.Values], config))!.Message;
        }
    }

    private static unsafe byte[] Bytes(StoredTensor tensor) =>
        new ReadOnlySpan<byte>((void*)tensor.Address, checked((int)tensor.ByteLength)).ToArray();
}
