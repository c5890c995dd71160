using System.Text;

namespace SvdSurgeon.Tests.Formats;

/// <summary>Builds small GGUF files byte by byte, right or wrong.</summary>
internal sealed class GgufBuilder
{
    private readonly MemoryStream _metadata = new();
    private readonly List<(string Name, ulong[] Axes, uint Type, byte[] Data, ulong? Offset)> _tensors = [];
    private ulong _pairs;

    public uint Magic { get; set; } = 0x46554747;
    public uint Version { get; set; } = 3;
    public ulong? PairCount { get; set; }
    public ulong? TensorCount { get; set; }

    public GgufBuilder Text(string key, string value) => Pair(key, 8, writer => WriteText(writer, Encoding.UTF8.GetBytes(value)));

    public GgufBuilder UInt32(string key, uint value) => Pair(key, 4, writer => writer.Write(value));

    public GgufBuilder Single(string key, float value) => Pair(key, 6, writer => writer.Write(value));

    public GgufBuilder Texts(string key, params string[] values) =>
        Pair(
            key,
            9,
            writer =>
            {
                writer.Write(8u);
                writer.Write((ulong)values.Length);
                foreach (string value in values)
                    WriteText(writer, Encoding.UTF8.GetBytes(value));
            }
        );

    public GgufBuilder Pair(string key, uint type, Action<BinaryWriter> value)
    {
        var writer = new BinaryWriter(_metadata);
        WriteText(writer, Encoding.UTF8.GetBytes(key));
        writer.Write(type);
        value(writer);
        _pairs++;
        return this;
    }

    /// <summary>A float32 tensor; axes outermost first.</summary>
    public GgufBuilder Tensor(string name, long[] shape, float[] values) =>
        Raw(name, [.. shape.Reverse().Select(axis => (ulong)axis)], 0, [.. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>Any tensor; axes innermost first, as the file has them.</summary>
    public GgufBuilder Raw(string name, ulong[] axes, uint type, byte[] data, ulong? offset = null)
    {
        _tensors.Add((name, axes, type, data, offset));
        return this;
    }

    /// <summary>The metadata and tensors of a model with hidden size 8, 2 heads of 4, 1 key-value head, 1 layer and 5 words.</summary>
    public static GgufBuilder Model(string architecture = "llama", bool biases = false)
    {
        var builder = new GgufBuilder()
            .Text("general.architecture", architecture)
            .UInt32(architecture + ".context_length", 64)
            .UInt32(architecture + ".embedding_length", 8)
            .UInt32(architecture + ".block_count", 1)
            .UInt32(architecture + ".feed_forward_length", 12)
            .UInt32(architecture + ".attention.head_count", 2)
            .UInt32(architecture + ".attention.head_count_kv", 1)
            .Single(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f)
            .UInt32("tokenizer.ggml.bos_token_id", 3)
            .UInt32("tokenizer.ggml.eos_token_id", 4);
        float next = 0;
        Add("token_embd.weight", 5, 8);
        Add("output_norm.weight", 8);
        Add("blk.0.attn_norm.weight", 8);
        Add("blk.0.ffn_norm.weight", 8);
        Add("blk.0.attn_q.weight", 8, 8);
        Add("blk.0.attn_k.weight", 4, 8);
        Add("blk.0.attn_v.weight", 4, 8);
        Add("blk.0.attn_output.weight", 8, 8);
        Add("blk.0.ffn_gate.weight", 12, 8);
        Add("blk.0.ffn_up.weight", 12, 8);
        Add("blk.0.ffn_down.weight", 8, 12);
        if (biases)
        {
            Add("blk.0.attn_q.bias", 8);
            Add("blk.0.attn_k.bias", 4);
            Add("blk.0.attn_v.bias", 4);
        }
        return builder;

        void Add(string name, params long[] shape) =>
            builder.Tensor(name, shape, [.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => next++)]);
    }

    public byte[] Build()
    {
        var file = new MemoryStream();
        var writer = new BinaryWriter(file);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(TensorCount ?? (ulong)_tensors.Count);
        writer.Write(PairCount ?? _pairs);
        writer.Write(_metadata.ToArray());
        ulong position = 0;
        foreach (var (name, axes, type, data, offset) in _tensors)
        {
            WriteText(writer, Encoding.UTF8.GetBytes(name));
            writer.Write((uint)axes.Length);
            foreach (ulong axis in axes)
                writer.Write(axis);
            writer.Write(type);
            writer.Write(offset ?? position);
            position += ((ulong)data.Length + 31) / 32 * 32;
        }
        Pad(file);
        foreach (var (_, _, _, data, offset) in _tensors)
        {
            if (offset is not null)
                continue;
            writer.Write(data);
            Pad(file);
        }
        return file.ToArray();
    }

    private static void Pad(MemoryStream file)
    {
        while (file.Position % 32 != 0)
            file.WriteByte(0);
    }

    private static void WriteText(BinaryWriter writer, byte[] bytes)
    {
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
