using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SvdSurgeon.Architectures;
using SvdSurgeon.Export.Onnx;
using SvdSurgeon.Formats.HuggingFace;

namespace SvdSurgeon.Interop.Tests.Onnx;

/// <summary>model.onnx in ONNX Runtime itself, with a cache of keys and values that grows from call to call.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly DecoderConfig _config;
    private readonly DenseTensor<float>[] _cache;
    private int _past;

    public OnnxSession(string folder)
    {
        string config = Path.Combine(folder, "config.json");
        _config = HuggingFaceConfig.Parse(HuggingFaceConfig.Read(config), config);
        using var options = new SessionOptions { IntraOpNumThreads = 2 };
        _session = new InferenceSession(Path.Combine(folder, "model.onnx"), options);
        _cache = [.. Enumerable.Range(0, _config.Layers * 2).Select(_ => new DenseTensor<float>(CacheShape(0)))];
    }

    /// <summary>Logits after each of the next tokens, [tokens, vocabulary].</summary>
    public float[] Logits(int[] ids)
    {
        int[] shape = [1, ids.Length];
        var inputs = new List<NamedOnnxValue>
        {
            NamedOnnxValue.CreateFromTensor("input_ids", new DenseTensor<long>(Array.ConvertAll(ids, id => (long)id), shape)),
            NamedOnnxValue.CreateFromTensor(
                "attention_mask",
                new DenseTensor<long>(Enumerable.Repeat(1L, _past + ids.Length).ToArray(), [1, _past + ids.Length])
            ),
        };
        if (_session.InputMetadata.ContainsKey("position_ids"))
        {
            long[] positions = [.. Enumerable.Range(_past, ids.Length).Select(position => (long)position)];
            inputs.Add(NamedOnnxValue.CreateFromTensor("position_ids", new DenseTensor<long>(positions, shape)));
        }
        for (int i = 0; i < _cache.Length; i++)
            inputs.Add(NamedOnnxValue.CreateFromTensor($"past_key_values.{i / 2}.{Part(i)}", _cache[i]));
        using var outputs = _session.Run(inputs);
        var byName = outputs.ToDictionary(output => output.Name);
        _past += ids.Length;
        for (int i = 0; i < _cache.Length; i++)
            _cache[i] = new DenseTensor<float>(byName[$"present.{i / 2}.{Part(i)}"].AsTensor<float>().ToArray(), CacheShape(_past));
        return [.. byName["logits"].AsTensor<float>()];
    }

    public void Dispose() => _session.Dispose();

    private static string Part(int i) => i % 2 == 0 ? "key" : "value";

    private int[] CacheShape(int length) => [1, _config.KeyValueHeads, length, AttentionNodes.PaddedHeadSize(_config)];
}
