using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Interop.Tests;

/// <summary>The same questions answered by this program.</summary>
internal sealed class OwnModel : IDisposable
{
    private readonly CpuBackend _backend = new(2);
    private readonly CpuBackend _integers = new(2, integerProducts: true);
    private readonly Checkpoint _checkpoint;
    private readonly DecoderModel _model;

    public OwnModel(string path)
    {
        _checkpoint = Checkpoint.Open(path);
        _model = DecoderModel.Load(_checkpoint);
    }

    /// <summary>
    /// The likeliest continuation, computed as for generating text; it ends where the model says so. The prompt goes in by eight tokens, so
    /// that all of it is multiplied in integers as llama.cpp does it.
    /// </summary>
    public int[] Greedy(int[] prompt, int count)
    {
        using var decoder = new CachedDecoder(_model, _integers, prompt.Length + count);
        var logits = new float[_model.Config.VocabSize];
        foreach (int[] part in prompt.Chunk(8))
            decoder.Append(part, logits);
        var ids = new List<int>();
        while (ids.Count < count)
        {
            int likeliest = Array.IndexOf(logits, logits.Max());
            if (_model.Config.EosTokenIds.Contains(likeliest))
                break;
            ids.Add(likeliest);
            decoder.Append([likeliest], logits);
        }
        return [.. ids];
    }

    /// <summary>Mean of −log p over all tokens but the first.</summary>
    public double MeanLoss(int[] ids) => Perplexity.Evaluate(_model, _backend, TokenWindows.FromText(ids, ids.Length)).MeanNll;

    public void Dispose()
    {
        _checkpoint.Dispose();
        _backend.Dispose();
        _integers.Dispose();
    }
}
