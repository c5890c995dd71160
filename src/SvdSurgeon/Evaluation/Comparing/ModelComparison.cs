using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation.Corpora;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Evaluation.Comparing;

/// <summary>Reads the same windows with two models and compares what they predict, token by token.</summary>
internal static class ModelComparison
{
    // Several windows together make the products larger; logits are held 64 MiB at a time per model.
    private const int TokensAtOnce = 2048;
    private const int LogitsAtOnce = 1 << 24;

    /// <summary>Compares two models on a corpus.</summary>
    /// <param name="first">The model to compare with, the dense one.</param>
    /// <param name="second">The other.</param>
    /// <param name="backend">Device.</param>
    /// <param name="corpus">What is read.</param>
    /// <param name="windowsDone">Called with the number of finished windows.</param>
    /// <param name="cancellation">Checked between layers.</param>
    /// <exception cref="InvalidInputException">The models have vocabularies of different sizes, or too few positions.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public static TextComparison OnText(
        DecoderModel first,
        DecoderModel second,
        IBackend backend,
        Corpus corpus,
        Action<int>? windowsDone = null,
        CancellationToken cancellation = default
    )
    {
        if (first.Config.VocabSize != second.Config.VocabSize)
            throw new InvalidInputException(
                $"The models have {first.Config.VocabSize:N0} and {second.Config.VocabSize:N0} words. Only models of one "
                    + $"vocabulary can be compared token by token."
            );
        var windows = corpus.Windows;
        int scored = windows.Length - 1,
            atOnce = Math.Max(1, TokensAtOnce / windows.Length);
        var tokens = new TokenPairs(windows.Count * scored);
        for (int window = 0; window < windows.Count; window += atOnce)
        {
            int count = Math.Min(atOnce, windows.Count - window);
            var ids = windows.Slice(window, count);
            using var a = Hidden(first, backend, ids, count, cancellation);
            using var b = Hidden(second, backend, ids, count, cancellation);
            for (int i = 0; i < count; i++)
                Compare(
                    first,
                    second,
                    backend,
                    a.RowRange(i * windows.Length, scored),
                    b.RowRange(i * windows.Length, scored),
                    ids.Slice(i * windows.Length + 1, scored),
                    tokens
                );
            windowsDone?.Invoke(window + count);
        }
        return new TextComparison(corpus.Name, tokens.First, tokens.Second, tokens.Divergences, tokens.SameTop, scored);
    }

    private static Tensor Hidden(DecoderModel model, IBackend backend, ReadOnlySpan<int> ids, int sequences, CancellationToken cancellation)
    {
        var hidden = backend.Allocate(ids.Length, model.Config.HiddenSize);
        try
        {
            model.Embed(backend, ids, sequences, hidden);
            foreach (var layer in model.Layers)
            {
                cancellation.ThrowIfCancellationRequested();
                layer.Forward(backend, hidden, new LayerContext(sequences, ids.Length / sequences));
            }
            return hidden;
        }
        catch
        {
            hidden.Dispose();
            throw;
        }
    }

    private static void Compare(
        DecoderModel first,
        DecoderModel second,
        IBackend backend,
        Tensor a,
        Tensor b,
        ReadOnlySpan<int> labels,
        TokenPairs tokens
    )
    {
        int vocabulary = first.Config.VocabSize,
            chunk = Math.Clamp(LogitsAtOnce / vocabulary, 1, a.Rows);
        float[] p = new float[chunk * vocabulary],
            q = new float[chunk * vocabulary];
        using var logits = backend.Allocate(chunk, vocabulary);
        for (int row = 0; row < a.Rows; row += chunk)
        {
            int rows = Math.Min(chunk, a.Rows - row);
            Read(first, a, p);
            Read(second, b, q);
            for (int i = 0; i < rows; i++)
                tokens.Add(p.AsSpan(i * vocabulary, vocabulary), q.AsSpan(i * vocabulary, vocabulary), labels[row + i]);

            void Read(DecoderModel model, Tensor hidden, float[] numbers)
            {
                var part = logits.RowRange(0, rows);
                model.Logits(backend, hidden.RowRange(row, rows), part);
                backend.Download(part, numbers.AsSpan(0, rows * vocabulary));
            }
        }
    }

    // What is kept of every token.
    private sealed class TokenPairs(int capacity)
    {
        private int _count;

        public double[] First { get; } = new double[capacity];
        public double[] Second { get; } = new double[capacity];
        public double[] Divergences { get; } = new double[capacity];
        public long SameTop { get; private set; }

        public unsafe void Add(ReadOnlySpan<float> p, ReadOnlySpan<float> q, int label)
        {
            LogitRow first = new(p),
                second = new(q);
            First[_count] = -first.LogProbability(label);
            Second[_count] = -second.LogProbability(label);
            fixed (
                float* a = p,
                    b = q
            )
                Divergences[_count] = SoftmaxKernels.KullbackLeibler(a, b, p.Length);
            if (first.Likeliest == second.Likeliest)
                SameTop++;
            _count++;
        }
    }
}
