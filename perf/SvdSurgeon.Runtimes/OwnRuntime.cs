using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Runtimes;

/// <summary>This program, as svdsurgeon generate runs it.</summary>
internal sealed class OwnRuntime : IRuntime
{
    private readonly Checkpoint _checkpoint;
    private readonly CpuBackend _backend;
    private readonly CachedDecoder _decoder;
    private readonly float[] _logits;

    public OwnRuntime(string path, int threads, int capacity)
    {
        _checkpoint = Checkpoint.Open(path);
        _backend = new CpuBackend(threads, integerProducts: true);
        _decoder = new CachedDecoder(DecoderModel.Load(_checkpoint), _backend, capacity);
        _logits = new float[_checkpoint.Config.VocabSize];
    }

    public int Read(int[] prompt)
    {
        _decoder.Append(prompt, _logits);
        return _logits.IndexOf(_logits.Max());
    }

    public int Read(int token) => Read([token]);

    public void Dispose()
    {
        _decoder.Dispose();
        _backend.Dispose();
        _checkpoint.Dispose();
    }
}
