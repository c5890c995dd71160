using NUnit.Framework;
using SvdSurgeon.Architectures;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats;

public class GgufTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private Checkpoint Open(GgufBuilder builder) => Checkpoint.Open(_folder.Write("model.gguf", builder.Build()));

    // llama-gqa-tied.f32.gguf was converted from golden/models/llama-gqa-tied.
    [Test]
    public void A_gguf_file_holds_the_same_tensors_as_the_folder_it_was_made_from()
    {
        using var gguf = Checkpoint.Open(GoldenFiles.Copied("files", "llama-gqa-tied.f32.gguf"));
        using var folder = Checkpoint.Open(GoldenFiles.Copied("models", "llama-gqa-tied"));
        Assert.That(gguf.Tensors.Keys, Is.EquivalentTo(folder.Tensors.Keys));
        foreach (var (name, expected) in folder.Tensors)
        {
            Assert.That(gguf.Tensors[name].Shape, Is.EqualTo(expected.Shape), name);
            Assert.That(gguf.Tensors[name].ToSingles(), Is.EqualTo(expected.ToSingles()), name);
        }
    }

    [Test]
    public void Metadata_gives_the_configuration_of_the_folder()
    {
        using var gguf = Checkpoint.Open(GoldenFiles.Copied("files", "llama-gqa-tied.f32.gguf"));
        using var folder = Checkpoint.Open(GoldenFiles.Copied("models", "llama-gqa-tied"));
        // this file has no tokenizer, so it names no special tokens
        var expected = folder.Config with
        {
            BosTokenId = -1,
            EosTokenIds = gguf.Config.EosTokenIds,
            Windows = gguf.Config.Windows,
        };
        Assert.That(gguf.Config, Is.EqualTo(expected));
        Assert.That(gguf.Config.EosTokenIds, Is.Empty);
    }

    [Test]
    public void A_real_model_opens_with_its_vocabulary()
    {
        using var model = Checkpoint.Open(GoldenFiles.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        Assert.That(model.Format, Is.EqualTo("gguf"));
        Assert.That(model.Config.Layers, Is.EqualTo(30));
        Assert.That(model.Config.HeadDim, Is.EqualTo(64));
        Assert.That(model.Config.KeyValueHeads, Is.EqualTo(3));
        Assert.That(model.Config.TieWordEmbeddings, Is.True);
        Assert.That(model.Config.NormEpsilon, Is.EqualTo(1e-5f));
        Assert.That(model.Config.RopeTheta, Is.EqualTo(100000));
        Assert.That(model.Config.BosTokenId, Is.EqualTo(1));
        Assert.That(model.Tensors["model.embed_tokens.weight"].Type, Is.EqualTo(DType.Q8_0));
        Assert.That(model.Require("model.layers.29.mlp.down_proj.weight", 576, 1536).Type, Is.EqualTo(DType.Q4_1));
        Assert.That(model.Gguf!.Metadata.Texts("tokenizer.ggml.tokens"), Has.Length.EqualTo(49152));
        Assert.That(model.Gguf.Metadata.Texts("tokenizer.ggml.merges")![0], Is.EqualTo("Ġ t"));
        Assert.That(model.Gguf.Metadata.Integers("tokenizer.ggml.token_type")![0], Is.EqualTo(3));
        Assert.That(model.Gguf.Metadata.Flag("tokenizer.ggml.add_bos_token"), Is.False);
    }

    [Test]
    public void Rows_and_biases_of_q_and_k_return_to_their_rotary_order_in_llama_files()
    {
        using var model = Open(GgufBuilder.Model("llama", biases: true));
        using var file = GgufFile.Open(_folder["model.gguf"]);
        // two heads of 4: stored rows are (0, 2, 1, 3) of the Hugging Face rows, in each head
        int[] order = [0, 2, 1, 3, 4, 6, 5, 7];
        float[] stored = file.Tensors["blk.0.attn_q.weight"].ToSingles(),
            bias = file.Tensors["blk.0.attn_q.bias"].ToSingles();
        Assert.That(
            model.Tensors["model.layers.0.self_attn.q_proj.weight"].ToSingles(),
            Is.EqualTo(order.SelectMany(row => stored[(8 * row)..(8 * row + 8)]))
        );
        Assert.That(model.Tensors["model.layers.0.self_attn.q_proj.bias"].ToSingles(), Is.EqualTo(order.Select(row => bias[row])));
        Assert.That(
            model.Tensors["model.layers.0.self_attn.v_proj.weight"].ToSingles(),
            Is.EqualTo(file.Tensors["blk.0.attn_v.weight"].ToSingles())
        );
        Assert.That(model.Config.AttentionBias, Is.True);
    }

    [Test]
    public void Rows_of_qwen2_files_are_in_order_already()
    {
        using var model = Open(GgufBuilder.Model("qwen2", biases: true));
        using var file = GgufFile.Open(_folder["model.gguf"]);
        foreach (string part in new[] { "q_proj", "k_proj" })
        foreach (string kind in new[] { "weight", "bias" })
            Assert.That(
                model.Tensors[$"model.layers.0.self_attn.{part}.{kind}"].ToSingles(),
                Is.EqualTo(file.Tensors[$"blk.0.attn_{part[0]}.{kind}"].ToSingles())
            );
        Assert.That(model.Config.ModelType, Is.EqualTo("qwen2"));
        Assert.That(model.Config.AttentionBias, Is.True);
        Assert.That(model.Config.AttentionOutputBias, Is.False);
        Assert.That(model.Config.BosTokenId, Is.EqualTo(3));
        Assert.That(model.Config.EosTokenIds, Is.EqualTo(new[] { 4 }));
    }

    [Test]
    public void A_head_of_its_own_means_that_it_is_not_tied()
    {
        using var model = Open(GgufBuilder.Model().Tensor("output.weight", [5, 8], new float[40]));
        Assert.That(model.Config.TieWordEmbeddings, Is.False);
        Assert.That(model.Require("lm_head.weight", 5, 8).Count, Is.EqualTo(40));
    }

    [Test]
    public void Linear_scaling_is_read()
    {
        using var model = Open(GgufBuilder.Model().Text("llama.rope.scaling.type", "linear").Single("llama.rope.scaling.factor", 4));
        Assert.That(model.Config.RopeScaling, Is.EqualTo(new RopeScaling("linear", 4)));
    }

    // LLaMA-3's rule: wavelengths below 8192/4 stay, those above 8192/1 are stretched by the factor, between them it is blended.
    [TestCase(8, 128), TestCase(32, 64)]
    public void The_factors_of_llama3_are_recognized(double factor, int headDim)
    {
        float[] factors =
        [
            .. Enumerable
                .Range(0, headDim / 2)
                .Select(i =>
                {
                    double wavelength = 2 * Math.PI * Math.Pow(500000, 2.0 * i / headDim);
                    if (wavelength < 8192 / 4.0)
                        return 1f;
                    if (wavelength > 8192)
                        return (float)factor;
                    double smooth = (8192 / wavelength - 1) / (4 - 1);
                    return (float)(1 / ((1 - smooth) / factor + smooth));
                }),
        ];
        Assert.That(factors.Distinct().Count(), Is.GreaterThan(2), "some are blended");
        var scaling = GgufRope.Recognize(factors, 500000, headDim, 8192)!;
        Assert.That(
            scaling.ToJsonString(),
            Is.EqualTo(
                $$"""{"rope_type":"llama3","factor":{{factor}},"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}"""
            )
        );
        factors[0] = 1.01f;
        Assert.That(GgufRope.Recognize(factors, 500000, headDim, 8192), Is.Null);
    }

    [TestCase(32f, "llama3"), TestCase(1f, "none")]
    public void The_tensor_of_rotary_factors_becomes_the_scaling(float largest, string type)
    {
        using var model = Open(GgufBuilder.Model().Single("llama.rope.freq_base", 1e10f).Tensor("rope_freqs.weight", [2], [1, largest]));
        Assert.That(model.Config.RopeScaling.Type, Is.EqualTo(type));
        Assert.That(model.Config.RopeScaling.Factor, Is.EqualTo(largest));
        Assert.That(model.Tensors.Keys, Has.None.Contains("rope"));
    }

    [TestCase("magic", "no GGUF file")]
    [TestCase("version 1", "version 1 is not supported")]
    [TestCase("big-endian", "big-endian")]
    [TestCase("pairs", "do not fit")]
    [TestCase("tensors", "do not fit")]
    [TestCase("duplicate key", "'general.architecture' appears twice")]
    [TestCase("duplicate tensor", "'output_norm.weight' appears twice")]
    [TestCase("value type", "unknown value type 99")]
    [TestCase("alignment", "general.alignment is 24")]
    [TestCase("misaligned", "'x.weight' begins at offset 8")]
    [TestCase("overlap", "overlaps")]
    [TestCase("outside", "'x.weight' ends at byte")]
    [TestCase("type", "'x.weight' has the type IQ2_XXS")]
    [TestCase("unknown type", "'x.weight' has the type number 77")]
    [TestCase("part of a block", "'x.weight' has rows of 40 numbers")]
    [TestCase("axes", "'x.weight' has 5 axes")]
    [TestCase("huge", "'x.weight' claims the shape")]
    [TestCase("no architecture", "'general.architecture' is missing")]
    [TestCase("architecture", "Architecture 'gemma'")]
    [TestCase("experts", "Mixture of experts")]
    [TestCase("split", "one of 3 parts")]
    [TestCase("missing key", "'llama.embedding_length' is missing")]
    [TestCase("key of another kind", "'llama.rope.freq_base' is not a finite number")]
    [TestCase("infinite", "'llama.rope.freq_base' is not a finite number")]
    [TestCase("key a layer", "differs from layer to layer")]
    [TestCase("partial rotation", "2 of 4 dimensions")]
    [TestCase("yarn", "Rotary scaling 'yarn'")]
    [TestCase("rope factors", "not those of a LLaMA-3 model")]
    [TestCase("unknown tensor", "'blk.0.ssm_in.weight' does not belong")]
    [TestCase("no embedding", "'token_embd.weight' is missing")]
    [TestCase("rows", "'blk.0.attn_q.weight' has 6 rows")]
    public void A_wrong_file_is_refused_with_its_reason(string what, string reason)
    {
        var model = GgufBuilder.Model();
        var builder = what switch
        {
            "magic" => new GgufBuilder { Magic = 0x47474D4C },
            "version 1" => new GgufBuilder { Version = 1 },
            "big-endian" => new GgufBuilder { Version = 0x03000000 },
            "pairs" => new GgufBuilder { PairCount = ulong.MaxValue },
            "tensors" => new GgufBuilder { TensorCount = ulong.MaxValue },
            "duplicate key" => model.Text("general.architecture", "llama"),
            "duplicate tensor" => model.Tensor("output_norm.weight", [8], new float[8]),
            "value type" => model.Pair("x", 99, _ => { }),
            "alignment" => model.UInt32("general.alignment", 24),
            "misaligned" => model.Raw("x.weight", [1], 0, [], 8),
            "overlap" => model.Raw("x.weight", [64], 0, [], 0),
            "outside" => model.Raw("x.weight", [64], 0, [], 1 << 20),
            "type" => model.Raw("x.weight", [256], 16, new byte[66]),
            "unknown type" => model.Raw("x.weight", [256], 77, new byte[66]),
            "part of a block" => model.Raw("x.weight", [40], 8, new byte[68]),
            "axes" => model.Raw("x.weight", [1, 1, 1, 1, 1], 0, new byte[4]),
            "huge" => model.Raw("x.weight", [1UL << 40, 1UL << 40], 0, new byte[4]),
            "no architecture" => new GgufBuilder(),
            "architecture" => GgufBuilder.Model("gemma"),
            "experts" => model.UInt32("llama.expert_count", 8),
            "split" => model.Pair("split.count", 2, writer => writer.Write((ushort)3)),
            "missing key" => new GgufBuilder().Text("general.architecture", "llama"),
            "key of another kind" => model.Text("llama.rope.freq_base", "fast"),
            "infinite" => model.Single("llama.rope.freq_base", float.PositiveInfinity),
            "key a layer" => model.Texts("llama.attention.key_length", "a"),
            "partial rotation" => model.UInt32("llama.rope.dimension_count", 2),
            "yarn" => model.Text("llama.rope.scaling.type", "yarn"),
            "rope factors" => model.Tensor("rope_freqs.weight", [2], [3, 5]),
            "unknown tensor" => model.Tensor("blk.0.ssm_in.weight", [1], [1]),
            "no embedding" => new GgufBuilder()
                .Text("general.architecture", "llama")
                .UInt32("llama.context_length", 1)
                .UInt32("llama.embedding_length", 8)
                .UInt32("llama.attention.head_count", 1),
            "rows" => Smaller(),
            _ => throw new ArgumentException(what),
        };
        var error = Assert.Throws<InvalidModelException>(() => Open(builder).Dispose());
        Assert.That(error!.Message, Does.Contain(_folder["model.gguf"]).And.Contain(reason));

        static GgufBuilder Smaller() =>
            new GgufBuilder()
                .Text("general.architecture", "llama")
                .UInt32("llama.context_length", 64)
                .UInt32("llama.embedding_length", 8)
                .UInt32("llama.block_count", 1)
                .UInt32("llama.feed_forward_length", 12)
                .UInt32("llama.attention.head_count", 2)
                .Tensor("token_embd.weight", [5, 8], new float[40])
                .Tensor("blk.0.attn_q.weight", [6, 8], new float[48]);
    }

    [Test]
    public void Version_2_is_read_like_version_3()
    {
        var builder = GgufBuilder.Model();
        builder.Version = 2;
        using var model = Open(builder);
        Assert.That(model.Gguf!.Version, Is.EqualTo(2));
        Assert.That(model.Tensors, Has.Count.EqualTo(11));
    }

    [Test]
    public void Every_metadata_type_is_decoded()
    {
        var builder = new GgufBuilder()
            .Pair("u8", 0, w => w.Write((byte)200))
            .Pair("i8", 1, w => w.Write((sbyte)-5))
            .Pair("u16", 2, w => w.Write((ushort)60000))
            .Pair("i16", 3, w => w.Write((short)-3))
            .Pair("u32", 4, w => w.Write(4000000000u))
            .Pair("i32", 5, w => w.Write(-9))
            .Pair("f32", 6, w => w.Write(1.5f))
            .Pair("flag", 7, w => w.Write((byte)1))
            .Text("text", "grüße")
            .Pair("u64", 10, w => w.Write(1UL << 40))
            .Pair("i64", 11, w => w.Write(-(1L << 40)))
            .Pair("f64", 12, w => w.Write(0.1))
            .Texts("texts", "a", "", "ü")
            .Pair(
                "numbers",
                9,
                w =>
                {
                    w.Write(5u);
                    w.Write(2UL);
                    w.Write(-1);
                    w.Write(7);
                }
            )
            .Pair(
                "singles",
                9,
                w =>
                {
                    w.Write(6u);
                    w.Write(2UL);
                    w.Write(0.5f);
                    w.Write(2f);
                }
            )
            .Pair(
                "nested",
                9,
                w =>
                {
                    w.Write(9u);
                    w.Write(1UL);
                    w.Write(0u);
                    w.Write(1UL);
                    w.Write((byte)3);
                }
            )
            .Text("after", "the arrays");
        using var file = GgufFile.Open(_folder.Write("types.gguf", builder.Build()));
        var metadata = file.Metadata;
        Assert.That(
            new[] { "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64" }.Select(metadata.Integer),
            Is.EqualTo(new long?[] { 200, -5, 60000, -3, 4000000000, -9, 1L << 40, -(1L << 40) })
        );
        Assert.That(metadata.Number("f32"), Is.EqualTo(1.5));
        Assert.That(metadata.Number("f64"), Is.EqualTo(0.1));
        Assert.That(metadata.Flag("flag"), Is.True);
        Assert.That(metadata.Text("text"), Is.EqualTo("grüße"));
        Assert.That(metadata.Texts("texts"), Is.EqualTo(new[] { "a", "", "ü" }));
        Assert.That(metadata.Integers("numbers"), Is.EqualTo(new[] { -1, 7 }));
        Assert.That(metadata.Singles("singles"), Is.EqualTo(new[] { 0.5f, 2f }));
        Assert.That(metadata.Text("after"), Is.EqualTo("the arrays"));
        Assert.That(metadata.Text("nothing"), Is.Null);
        Assert.Throws<InvalidModelException>(() => metadata.Texts("numbers"));
        Assert.Throws<InvalidModelException>(() => metadata.Integer("text"));
    }

    [Test]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] whole = GgufBuilder.Model().Build();
        for (int length = 0; length < whole.Length; length += 5)
        {
            string path = _folder.Write("cut.gguf", whole.AsSpan(0, length));
            if (whole.Length - length < 32)
                break; // what is left is the padding after the last tensor
            Assert.Throws<InvalidModelException>(() => GgufFile.Open(path), $"{length} bytes");
        }
    }

    [Test]
    public void A_changed_byte_never_gives_anything_but_a_model_or_a_model_error()
    {
        const int seed = 13;
        var random = new Random(seed);
        byte[] whole = GgufBuilder.Model("llama", biases: true).Texts("tokenizer.ggml.tokens", "a", "b").Build();
        for (int round = 0; round < 600; round++)
            Damage.OneByte(
                whole,
                1400,
                random,
                bytes => _folder.Write("model.gguf", bytes),
                path =>
                {
                    using var model = Checkpoint.Open(path);
                    foreach (var tensor in model.Tensors.Values)
                        tensor.ToSingles();
                    model.Gguf!.Metadata.Texts("tokenizer.ggml.tokens");
                }
            );
    }
}
