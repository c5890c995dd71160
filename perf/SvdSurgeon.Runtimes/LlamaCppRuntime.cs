using LLama;
using LLama.Common;
using LLama.Extensions;
using LLama.Native;

namespace SvdSurgeon.Runtimes;

/// <summary>llama.cpp through LLamaSharp, with what it does by itself.</summary>
internal sealed class LlamaCppRuntime : IRuntime
{
    private readonly LLamaWeights _weights;
    private readonly SafeLLamaContextHandle _context;
    private int _length;

    public LlamaCppRuntime(string path, int threads, int capacity)
    {
        NativeLogConfig.llama_log_set((_, _) => { });
        NativeApi.llama_empty_call();
        var parameters = new ModelParams(path)
        {
            ContextSize = (uint)capacity,
            Threads = threads,
            BatchThreads = threads,
            GpuLayerCount = 0,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        parameters.ToLlamaContextParams(out var native);
        _context = SafeLLamaContextHandle.Create(_weights.NativeHandle, native);
    }

    public int Read(int[] prompt)
    {
        var batch = new LLamaBatch();
        for (int i = 0; i < prompt.Length; i++)
            batch.Add(prompt[i], _length++, LLamaSeqId.Zero, i == prompt.Length - 1);
        if (_context.Decode(batch) is var result && result != DecodeResult.Ok)
            throw new InvalidOperationException($"llama.cpp says {result}.");
        var logits = _context.GetLogitsIth(prompt.Length - 1);
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best])
                best = i;
        return best;
    }

    public int Read(int token) => Read([token]);

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }
}
