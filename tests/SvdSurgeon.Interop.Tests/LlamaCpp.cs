using LLama;
using LLama.Common;
using LLama.Extensions;
using LLama.Native;

namespace SvdSurgeon.Interop.Tests;

/// <summary>A model in llama.cpp: the real program, through LLamaSharp.</summary>
internal sealed class LlamaCpp : IDisposable
{
    private readonly LLamaWeights _weights;
    private readonly SafeLLamaContextHandle _context;
    private readonly LoraAdapter? _adapter;

    static LlamaCpp()
    {
        NativeLogConfig.llama_log_set((_, _) => { });
        NativeApi.llama_empty_call();
    }

    /// <param name="path">A GGUF model.</param>
    /// <param name="adapter">A GGUF adapter that is applied to it, or null.</param>
    /// <param name="length">Tokens of the context.</param>
    public LlamaCpp(string path, string? adapter = null, uint length = 512)
    {
        var parameters = new ModelParams(path)
        {
            ContextSize = length,
            BatchSize = length,
            UBatchSize = length,
            Threads = 2,
            BatchThreads = 2,
            GpuLayerCount = 0,
            FlashAttention = false, // which computes in F16
            TypeK = GGMLType.GGML_TYPE_F32,
            TypeV = GGMLType.GGML_TYPE_F32,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        parameters.ToLlamaContextParams(out var native);
        _context = SafeLLamaContextHandle.Create(_weights.NativeHandle, native);
        if (adapter is null)
            return;
        _adapter = _weights.NativeHandle.LoadLoraFromFile(adapter);
        _context.SetLoraAdapters([(_adapter, 1f)]);
    }

    /// <summary>Ids of a text with the tokens that the model's own tokenizer puts around it.</summary>
    public int[] Tokenize(string text) => [.. _context.Tokenize(text, true, true, System.Text.Encoding.UTF8).Select(token => (int)token)];

    /// <summary>The likeliest continuation, token by token, through the cache of keys and values.</summary>
    public int[] Greedy(ReadOnlySpan<int> prompt, int count)
    {
        _context.MemoryClear(true);
        Decode(prompt, 0, all: false);
        var ids = new List<int>();
        for (int position = prompt.Length; ids.Count < count; position++)
        {
            ids.Add(Argmax(_context.GetLogitsIth(ids.Count == 0 ? prompt.Length - 1 : 0)));
            Decode([ids[^1]], position, all: false);
        }
        return [.. ids];
    }

    /// <summary>Mean of −log p over all tokens but the first.</summary>
    public double MeanLoss(ReadOnlySpan<int> ids)
    {
        _context.MemoryClear(true);
        Decode(ids, 0, all: true);
        double sum = 0;
        for (int t = 0; t < ids.Length - 1; t++)
            sum += Loss(_context.GetLogitsIth(t), ids[t + 1]);
        return sum / (ids.Length - 1);
    }

    public void Dispose()
    {
        _context.Dispose();
        _adapter?.Unload();
        _weights.Dispose();
    }

    private void Decode(ReadOnlySpan<int> ids, int position, bool all)
    {
        var batch = new LLamaBatch();
        for (int i = 0; i < ids.Length; i++)
            batch.Add(ids[i], position + i, LLamaSeqId.Zero, all || i == ids.Length - 1);
        var result = _context.Decode(batch);
        if (result != DecodeResult.Ok)
            throw new InvalidOperationException($"llama.cpp says {result}.");
    }

    private static int Argmax(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best])
                best = i;
        return best;
    }

    private static double Loss(ReadOnlySpan<float> logits, int label)
    {
        double largest = logits[Argmax(logits)],
            sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum) - logits[label];
    }
}
