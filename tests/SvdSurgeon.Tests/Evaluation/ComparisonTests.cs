using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Comparing;
using SvdSurgeon.Evaluation.Corpora;
using SvdSurgeon.Evaluation.Speed;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Models;

namespace SvdSurgeon.Tests.Evaluation;

public sealed class ComparisonTests
{
    [Test]
    public void A_model_does_not_differ_from_itself()
    {
        using var golden = new GoldenModel("llama-gqa-tied");
        using var backend = new CpuBackend(2);
        var comparison = ModelComparison.OnText(golden.Model, golden.Model, backend, Windows(golden));
        Assert.That(
            (comparison.Difference.Value, comparison.Difference.T, comparison.SameTop.Value),
            Is.EqualTo((0.0, (double?)null, 1.0))
        );
        Assert.That(comparison.DivergenceQuantile(1), Is.LessThan(1e-6));
        Assert.That(backend.RentedBytes, Is.Zero);
    }

    [Test]
    public void Losses_and_divergences_equal_those_in_float64()
    {
        using var golden = new GoldenModel("llama-gqa-tied");
        using var other = new GoldenModel("llama-gqa-tied");
        using var backend = new CpuBackend(2);
        var module = other.Model.Linears[3];
        float[] weight = module.ToDense(backend);
        for (int i = 0; i < weight.Length; i++)
            weight[i] *= 1 + 0.5f * (i % 3);
        other.Model.Replace(
            module.Name,
            new DenseLinear(module.Name, StoredTensor.FromSingles("weight", [module.OutFeatures, module.InFeatures], weight), module.Bias)
        );
        var corpus = Windows(golden);
        var comparison = ModelComparison.OnText(golden.Model, other.Model, backend, corpus);

        List<double> differences = [],
            divergences = [];
        int same = 0;
        for (int window = 0; window < corpus.Windows.Count; window++)
        {
            int[] ids = corpus.Windows.Slice(window, 1).ToArray();
            float[][] a = Logits(golden.Model, backend, ids),
                b = Logits(other.Model, backend, ids);
            for (int t = 0; t + 1 < ids.Length; t++)
            {
                double[] p = LogSoftmax(a[t]),
                    q = LogSoftmax(b[t]);
                differences.Add(p[ids[t + 1]] - q[ids[t + 1]]);
                divergences.Add(p.Zip(q, (x, y) => Math.Exp(x) * (x - y)).Sum());
                if (Array.IndexOf(p, p.Max()) == Array.IndexOf(q, q.Max()))
                    same++;
            }
        }
        double mean = differences.Average(),
            error = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (differences.Count - 1) / differences.Count);
        Assert.That(comparison.Tokens, Is.EqualTo(differences.Count));
        Assert.That(comparison.Difference.Value, Is.EqualTo(mean).Within(1e-5));
        Assert.That(comparison.Difference.Error, Is.EqualTo(error).Within(1e-5));
        Assert.That(comparison.Difference.T, Is.EqualTo(mean / error).Within(0.01));
        Assert.That(comparison.Divergence.Value, Is.EqualTo(divergences.Average()).Within(1e-5).And.GreaterThan(1e-4));
        Assert.That(comparison.DivergenceQuantile(0.5), Is.EqualTo(Median(divergences)).Within(1e-5));
        Assert.That(comparison.SameTop.Value, Is.EqualTo((double)same / differences.Count));
    }

    [Test]
    public void Errors_between_windows_and_quantiles_are_those_of_the_numbers()
    {
        // Differences 1 1 | 3 3: between tokens the variance is 4/3, between windows 2.
        var comparison = new TextComparison("t", [0, 0, 0, 0], [1, 1, 3, 3], [0.4, 0.1, 0.2, 0.3], 3, 2);
        Assert.That(comparison.Difference.Error, Is.EqualTo(Math.Sqrt(4.0 / 3 / 4)).Within(1e-15));
        Assert.That(comparison.DifferenceOfWindows.Error, Is.EqualTo(1).Within(1e-15));
        Assert.That(comparison.DivergenceQuantile(0.5), Is.EqualTo(0.25).Within(1e-15));
        Assert.That(comparison.DivergenceQuantile(0.99), Is.EqualTo(0.397).Within(1e-15));
        Assert.That(comparison.DifferenceQuantile(0.5), Is.EqualTo(2));
        // 3 of 4: sqrt(0.75 · 0.25 / 3)
        Assert.That(comparison.SameTop.Error, Is.EqualTo(0.25).Within(1e-15));
    }

    [Test]
    public void The_median_of_repeats_is_the_middle()
    {
        Assert.That(new Repeats([3, 1, 2]).Median, Is.EqualTo(2));
        Assert.That(new Repeats([4, 1, 2, 3]).Median, Is.EqualTo(2.5));
        Assert.That((new Repeats([3, 1, 2]).Least, new Repeats([3, 1, 2]).Most), Is.EqualTo((1.0, 3.0)));
    }

    private static Corpus Windows(GoldenModel golden) =>
        new("golden", "golden", TokenWindows.FromText(golden.Ids, 12), golden.Ids.Length, 1);

    private static double Median(List<double> values)
    {
        values.Sort();
        int middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    private static float[][] Logits(DecoderModel model, CpuBackend backend, int[] ids)
    {
        int vocabulary = model.Config.VocabSize;
        using var hidden = backend.Allocate(ids.Length, model.Config.HiddenSize);
        using var logits = backend.Allocate(ids.Length, vocabulary);
        model.Embed(backend, ids, 1, hidden);
        foreach (var layer in model.Layers)
            layer.Forward(backend, hidden, new LayerContext(1, ids.Length));
        model.Logits(backend, hidden, logits);
        var numbers = new float[ids.Length * vocabulary];
        backend.Download(logits, numbers);
        return [.. numbers.Chunk(vocabulary)];
    }

    private static double[] LogSoftmax(float[] logits)
    {
        double max = logits.Max(),
            sum = max + Math.Log(logits.Sum(x => Math.Exp(x - max)));
        return [.. logits.Select(x => x - sum)];
    }
}
