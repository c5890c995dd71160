using System.Runtime.InteropServices;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Performance;

/// <summary>Sizes of a random LLaMA model and of the token ids beside it.</summary>
internal sealed record RandomShape(int Vocabulary, int Hidden, int Intermediate, int Layers, int Heads, int Sequences, int Length)
{
    /// <summary>LLaMA-7B's, with 512 sequences of 2,048 tokens.</summary>
    public static RandomShape Llama7B { get; } = new(32000, 4096, 11008, 32, 32, 512, 2048);

    /// <summary>For a check that the steps run.</summary>
    public static RandomShape Tiny { get; } = new(101, 32, 48, 2, 4, 4, 12);
}

/// <summary>A random LLaMA model in bf16, and random token ids: only times mean anything.</summary>
internal static class RandomModel
{
    /// <summary>Name of the file of token ids, [sequences, length], in the model's folder.</summary>
    public const string TokensName = "ids.npy";

    /// <summary>Writes config.json, the weights and the token ids.</summary>
    public static void Write(string folder, RandomShape s)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            $$"""
            {
              "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "torch_dtype": "bfloat16",
              "hidden_size": {{s.Hidden}}, "intermediate_size": {{s.Intermediate}}, "num_hidden_layers": {{s.Layers}},
              "num_attention_heads": {{s.Heads}}, "num_key_value_heads": {{s.Heads}}, "head_dim": {{s.Hidden / s.Heads}},
              "vocab_size": {{s.Vocabulary}}, "max_position_embeddings": {{Math.Max(
                s.Length,
                16
            )}}, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
              "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false, "bos_token_id": 1, "eos_token_id": 2
            }
            """
        );
        var matrices = new List<(string Name, int Rows, int Columns)>
        {
            ("model.embed_tokens", s.Vocabulary, s.Hidden),
            ("lm_head", s.Vocabulary, s.Hidden),
        };
        var norms = new List<string> { "model.norm" };
        for (int layer = 0; layer < s.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            foreach (string name in new[] { "q_proj", "k_proj", "v_proj", "o_proj" })
                matrices.Add(($"{prefix}self_attn.{name}", s.Hidden, s.Hidden));
            matrices.Add(($"{prefix}mlp.gate_proj", s.Intermediate, s.Hidden));
            matrices.Add(($"{prefix}mlp.up_proj", s.Intermediate, s.Hidden));
            matrices.Add(($"{prefix}mlp.down_proj", s.Hidden, s.Intermediate));
            norms.Add(prefix + "input_layernorm");
            norms.Add(prefix + "post_attention_layernorm");
        }
        var table = NormalTable();
        float[] ones = [.. Enumerable.Repeat(1f, s.Hidden)];
        var tensors = norms
            .Select(name => TensorEntry.FromSingles(name + ".weight", [s.Hidden], ones, DType.BF16))
            .Concat(
                matrices.Select(
                    (matrix, seed) =>
                        new TensorEntry(
                            matrix.Name + ".weight",
                            DType.BF16,
                            [matrix.Rows, matrix.Columns],
                            stream => stream.Write(RandomBytes(matrix.Rows * matrix.Columns, seed, table))
                        )
                )
            );
        SafeTensorsWriter.WriteSharded(folder, [.. tensors]);
        var random = new Random(1);
        TokenFile
            .FromRows([.. Enumerable.Range(0, s.Sequences * s.Length).Select(_ => random.Next(s.Vocabulary))], s.Length)
            .Write(Path.Combine(folder, TokensName));
    }

    // bf16 normals of standard deviation 0.02: drawn from a table, because billions of them are needed.
    private static ushort[] NormalTable()
    {
        var random = new Random(0);
        var values = new float[1 << 16];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(0.02 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        var table = new ushort[values.Length];
        Widening.FromSingle(values, DType.BF16, MemoryMarshal.AsBytes(table.AsSpan()));
        return table;
    }

    private static byte[] RandomBytes(int numbers, int seed, ushort[] table)
    {
        var bytes = new byte[numbers * 2];
        new Random(seed + 10).NextBytes(bytes);
        foreach (ref ushort number in MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan()))
            number = table[number];
        return bytes;
    }
}
