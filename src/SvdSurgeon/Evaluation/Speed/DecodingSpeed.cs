using System.Diagnostics;
using SvdSurgeon.Backends;
using SvdSurgeon.Models;

namespace SvdSurgeon.Evaluation.Speed;

/// <summary>How fast a model reads a prompt and writes tokens, measured as llama-bench does: each alone, from an empty cache, after one
/// run that does not count.</summary>
internal static class DecodingSpeed
{
    private const int Seed = 1;

    /// <summary>Tokens per second of reading a prompt in one pass.</summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="tokens">Length of the prompt.</param>
    /// <param name="repeats">Measurements.</param>
    /// <param name="cancellation">Checked between measurements.</param>
    public static Repeats Prompt(DecoderModel model, IBackend backend, int tokens, int repeats, CancellationToken cancellation)
    {
        var random = new Random(Seed);
        int[] ids = [.. Enumerable.Range(0, tokens).Select(_ => random.Next(model.Config.VocabSize))];
        return Measure(model, backend, tokens, repeats, (decoder, logits) => decoder.Append(ids, logits), cancellation);
    }

    /// <summary>Tokens per second of writing, each token read after the one before.</summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="tokens">How many.</param>
    /// <param name="repeats">Measurements.</param>
    /// <param name="cancellation">Checked between measurements.</param>
    public static Repeats Generation(DecoderModel model, IBackend backend, int tokens, int repeats, CancellationToken cancellation)
    {
        void Write(CachedDecoder decoder, float[] logits)
        {
            int next = new Random(Seed).Next(model.Config.VocabSize);
            for (int made = 0; made < tokens; made++)
            {
                decoder.Append([next], logits);
                next = new LogitRow(logits).Likeliest;
            }
        }
        return Measure(model, backend, tokens, repeats, Write, cancellation);
    }

    private static Repeats Measure(
        DecoderModel model,
        IBackend backend,
        int tokens,
        int repeats,
        Action<CachedDecoder, float[]> work,
        CancellationToken cancellation
    )
    {
        var rates = new List<double>();
        var logits = new float[model.Config.VocabSize];
        for (int run = 0; run <= repeats; run++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var decoder = new CachedDecoder(model, backend, tokens);
            long start = Stopwatch.GetTimestamp();
            work(decoder, logits);
            if (run > 0)
                rates.Add(tokens / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return new Repeats(rates);
    }
}
