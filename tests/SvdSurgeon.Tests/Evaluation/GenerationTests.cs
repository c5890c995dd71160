using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tests.Models;

namespace SvdSurgeon.Tests.Evaluation;

public sealed class GenerationTests
{
    private GoldenModel _golden = null!;
    private CpuBackend _backend = null!;

    [SetUp]
    public void Open()
    {
        _golden = new GoldenModel("qwen3");
        _backend = new CpuBackend(2);
    }

    [TearDown]
    public void Close()
    {
        _golden.Dispose();
        _backend.Dispose();
    }

    [Test]
    public void Greedy_tokens_are_the_likeliest_of_whole_forward_passes()
    {
        int[] text = _golden.Ids[..5];
        int[] made = [.. Generation.Generate(_golden.Model, _backend, text, 12)];
        Assert.That(made, Has.Length.EqualTo(12));
        foreach (int token in made)
        {
            using var hidden = _backend.Allocate(text.Length, _golden.Model.Config.HiddenSize);
            _golden.Model.Embed(_backend, text, 1, hidden);
            foreach (var layer in _golden.Model.Layers)
                layer.Forward(_backend, hidden, new LayerContext(1, text.Length));
            using var logits = _backend.Allocate(1, _golden.Model.Config.VocabSize);
            _golden.Model.Logits(_backend, hidden.RowRange(text.Length - 1, 1), logits);
            var values = new float[logits.Columns];
            _backend.Download(logits, values);
            Assert.That(token, Is.EqualTo(Array.IndexOf(values, values.Max())));
            text = [.. text, token];
        }
    }

    [Test]
    public void The_same_seed_gives_the_same_tokens_and_another_seed_others()
    {
        int[] Sample(int seed) =>
            [.. Generation.Generate(_golden.Model, _backend, _golden.Ids[..5], 20, new SamplingOptions { Temperature = 2, Seed = seed })];
        int[] first = Sample(3),
            again = Sample(3);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(Sample(4), Is.Not.EqualTo(first));
    }

    [Test]
    public void Generation_works_with_compressed_modules()
    {
        foreach (var module in _golden.Model.Linears)
        {
            // Full rank: W = W·I, so the text must not change.
            int n = module.InFeatures;
            var identity = new float[n * n];
            for (int i = 0; i < n; i++)
                identity[i * n + i] = 1;
            _golden.Model.Replace(
                module.Name,
                new LowRankLinear(
                    module.Name,
                    ((DenseLinear)module).Weight,
                    SvdSurgeon.Tensors.StoredTensor.FromSingles(module.Name + ".B", [n, n], identity),
                    module.Bias
                )
            );
        }
        using var dense = new GoldenModel("qwen3");
        Assert.That(
            Generation.Generate(_golden.Model, _backend, _golden.Ids[..5], 10),
            Is.EqualTo(Generation.Generate(dense.Model, _backend, dense.Ids[..5], 10))
        );
    }

    [Test]
    public void What_cannot_be_generated_is_refused_before_anything_is_computed()
    {
        Assert.Throws<InvalidInputException>(() => Generation.Generate(_golden.Model, _backend, [], 3));
        Assert.Throws<InvalidInputException>(() => Generation.Generate(_golden.Model, _backend, [1], 64));
        Assert.Throws<InvalidInputException>(() =>
            Generation.Generate(_golden.Model, _backend, [1], 3, new SamplingOptions { Temperature = -1 })
        );
    }

    [Test]
    public void Cancellation_ends_generation()
    {
        using var source = new CancellationTokenSource();
        using var tokens = Generation.Generate(_golden.Model, _backend, [1, 2], 20, cancellationToken: source.Token).GetEnumerator();
        Assert.That(tokens.MoveNext(), Is.True);
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => tokens.MoveNext());
    }
}
