using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.IO;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats;

/// <summary>
/// The families of golden/models as llama.cpp's converter writes them (conversion/*.py there): other names, interleaved rotary rows of q
/// and k, norms as 1 + w. The file must give the losses that the folder gives.
/// </summary>
public class GgufFamilyTests
{
    private static readonly (string HuggingFace, string Gguf)[] s_names =
    [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.qkv_proj", "attn_qkv"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.gate_up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("pre_feedforward_layernorm", "ffn_norm"),
        ("post_feedforward_layernorm", "post_ffw_norm"),
    ];

    // What llama.cpp takes for granted and no file says: the scale of Gemma's scores and the order of its windows.
    private static readonly Dictionary<string, string> s_granted = new()
    {
        ["gemma2"] = """{"query_pre_attn_scalar":12}""",
        ["gemma3-text"] = """{"query_pre_attn_scalar":12,"layer_types":null,"sliding_window_pattern":6}""",
    };

    [TestCase("gemma2", "gemma2", true, false)]
    [TestCase("gemma3-text", "gemma3", true, false)]
    [TestCase("granite", "granite", false, true)]
    [TestCase("olmo2", "olmo2", false, false)]
    [TestCase("phi3", "phi3", false, false)]
    [TestCase("phi3-partial", "phi3", false, false)]
    [TestCase("smollm3", "smollm3", false, true)]
    [TestCase("stablelm", "stablelm", false, false)]
    public void A_file_gives_the_losses_of_the_folder(string model, string architecture, bool plusOne, bool paired)
    {
        using var folder = new TemporaryFolder();
        string source = Folder(folder, model);
        using var expected = Checkpoint.Open(source);
        string path = folder["model.gguf"];
        GgufFileWriter.Write(
            path,
            Metadata(expected, architecture),
            [.. expected.Tensors.Values.Select(t => Entry(t, expected, plusOne, paired))]
        );
        using var actual = Checkpoint.Open(path);
        Assert.That(Losses(actual), Is.EqualTo(Losses(expected)).Within(1e-6));
        Assert.That(actual.Tensors.Keys, Is.EquivalentTo(expected.Tensors.Keys));
        Assert.That(actual.Config.Windows, Is.EqualTo(expected.Config.Windows));
        Assert.That(actual.Config.AttentionSoftCap, Is.EqualTo(expected.Config.AttentionSoftCap));
    }

    private static string Folder(TemporaryFolder folder, string model)
    {
        var config = HuggingFaceConfig.Read(GoldenFiles.Copied("models", model, "config.json"));
        if (s_granted.TryGetValue(model, out string? changes))
            foreach (var (key, value) in JsonNode.Parse(changes)!.AsObject())
                config[key] = value?.DeepClone();
        string path = folder["source"];
        Directory.CreateDirectory(path);
        File.Copy(GoldenFiles.Copied("models", model, "model.safetensors"), Path.Combine(path, "model.safetensors"));
        File.WriteAllText(Path.Combine(path, "config.json"), JsonText.Indented(config));
        return path;
    }

    private static GgufMetadataBuilder Metadata(Checkpoint model, string a)
    {
        var (c, json, metadata) = (model.Config, model.ConfigJson, new GgufMetadataBuilder());
        metadata.Add("general.architecture", a);
        metadata.Add(a + ".context_length", c.MaxPositions);
        metadata.Add(a + ".embedding_length", c.HiddenSize);
        metadata.Add(a + ".block_count", c.Layers);
        metadata.Add(a + ".feed_forward_length", c.IntermediateSize);
        metadata.Add(a + ".attention.head_count", c.Heads);
        metadata.Add(a + ".attention.head_count_kv", c.KeyValueHeads);
        metadata.Add(a + ".attention.key_length", c.HeadDim);
        metadata.Add(a + ".attention.value_length", c.HeadDim);
        metadata.Add(a + (a == "stablelm" ? ".attention.layer_norm_epsilon" : ".attention.layer_norm_rms_epsilon"), c.NormEpsilon);
        metadata.Add(a + ".rope.freq_base", c.RopeTheta);
        if (a is "phi3" or "stablelm")
            metadata.Add(a + ".rope.dimension_count", c.RotaryDim);
        if (a == "stablelm")
            metadata.Add(a + ".use_parallel_residual", false);
        if (a == "phi3")
            metadata.Add(a + ".attention.sliding_window", 0);
        foreach (
            var (key, config) in (ReadOnlySpan<(string, string)>)
                [
                    ("attn_logit_softcapping", "attn_logit_softcapping"),
                    ("final_logit_softcapping", "final_logit_softcapping"),
                    ("attention.sliding_window", "sliding_window"),
                    ("attention.scale", "attention_multiplier"),
                    ("embedding_scale", "embedding_multiplier"),
                    ("residual_scale", "residual_multiplier"),
                    ("logit_scale", "logits_scaling"),
                ]
        )
            if (json[config] is { } value)
                metadata.Add($"{a}.{key}", value.GetValue<double>());
        return metadata;
    }

    private static TensorEntry Entry(StoredTensor tensor, Checkpoint model, bool plusOne, bool paired)
    {
        float[] values = tensor.ToSingles();
        if (plusOne && tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal))
            values = [.. values.Select(v => v + 1)];
        bool query = tensor.Name.Contains("q_proj", StringComparison.Ordinal);
        if (paired && (query || tensor.Name.Contains("k_proj", StringComparison.Ordinal)))
            values = Interleaved(values, query ? model.Config.Heads : model.Config.KeyValueHeads, model.Config.HeadDim, tensor.Columns);
        return TensorEntry.From(StoredTensor.FromSingles(Name(tensor.Name, model.Config.ModelType), [.. tensor.Shape], values));
    }

    // In each head row i of the first half and row i of the second half become rows 2i and 2i + 1.
    private static float[] Interleaved(float[] rows, int heads, int headDim, int columns)
    {
        var result = new float[rows.Length];
        for (int head = 0; head < heads; head++)
        for (int half = 0; half < 2; half++)
        for (int i = 0; i < headDim / 2; i++)
            rows.AsSpan((head * headDim + half * headDim / 2 + i) * columns, columns)
                .CopyTo(result.AsSpan((head * headDim + 2 * i + half) * columns));
        return result;
    }

    private static string Name(string name, string modelType)
    {
        int dot = name.LastIndexOf('.');
        var (module, kind) = (name[..dot], name[dot..]);
        string[] parts = module.Split('.', 4);
        bool inLayer = parts.Length == 4;
        string part = inLayer ? parts[3] : module;
        // The norm of this name stands before the MLP, or, in the families with one after attention, there.
        string gguf =
            part == "post_attention_layernorm"
                ? modelType is "gemma2" or "gemma3_text" or "olmo2"
                    ? "post_attention_norm"
                    : "ffn_norm"
                : s_names.First(pair => pair.HuggingFace == part).Gguf;
        return (inLayer ? $"blk.{parts[2]}.{gguf}" : gguf) + kind;
    }

    private static double[] Losses(Checkpoint checkpoint)
    {
        using var backend = new CpuBackend(1);
        var random = new Random(3);
        int[] ids = [.. Enumerable.Range(0, 48).Select(_ => random.Next(checkpoint.Config.VocabSize))];
        var losses = new double[2];
        ForwardBackward.Forward(DecoderModel.Load(checkpoint), backend, ids, 24, losses);
        return losses;
    }
}
