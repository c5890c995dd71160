using NUnit.Framework;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.Models;

[TestFixtureSource(nameof(OnEveryInstructionSet)), NonParallelizable]
public sealed class GoldenModelTests(string name, string instructionSet)
{
    private static IEnumerable<object[]> OnEveryInstructionSet =>
        from model in GoldenModel.All
        from set in GoldenModel.First.Contains(model) ? Enum.GetNames<InstructionSet>() : [InstructionSets.Best.ToString()]
        select new object[] { model, set };

    private const double LogitTolerance = 2e-4; // of the largest logit: float32 through three layers
    private const double LossTolerance = 1e-5; // relative
    private const double GradientTolerance = 1e-4; // of the tensor's largest entry

    private GoldenModel _golden = null!;
    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Open()
    {
        EveryInstructionSet.Use(instructionSet);
        _golden = new GoldenModel(name);
        _backend = new CpuBackend(2);
    }

    [OneTimeTearDown]
    public void Close()
    {
        InstructionSets.Active = InstructionSets.Best;
        _golden?.Dispose();
        _backend?.Dispose();
    }

    [Test]
    public void Hidden_states_and_logits_match_float64()
    {
        var (model, context) = (_golden.Model, new LayerContext(GoldenModel.Sequences, GoldenModel.SequenceLength));
        using var hidden = _backend.Allocate(context.Tokens, model.Config.HiddenSize);
        model.Embed(_backend, _golden.Ids, GoldenModel.Sequences, hidden);
        for (int i = 0; i < model.Layers.Count; i++)
        {
            AssertSequences($"hidden.{{0}}.{i}", Download(hidden), GradientTolerance);
            model.Layers[i].Forward(_backend, hidden, context);
        }
        using var features = _backend.Allocate(context.Tokens, model.HeadWidth);
        model.Features(_backend, hidden, features);
        // Features carry the factor of the logits, the golden values do not.
        float[] unscaled = [.. Download(features).Select(f => f / model.Config.LogitScale)];
        AssertSequences($"hidden.{{0}}.{model.Layers.Count}", unscaled, GradientTolerance);
        using var logits = _backend.Allocate(context.Tokens, model.Config.VocabSize);
        model.Logits(_backend, hidden, logits);
        AssertSequences("logits.{0}", Download(logits), LogitTolerance);
    }

    [TestCase(false), TestCase(true)]
    public void Losses_and_weight_gradients_match_float64(bool recompute)
    {
        var (losses, visitor) = (new double[GoldenModel.Sequences], new RecordingVisitor(_backend));
        ForwardBackward.Run(
            _golden.Model,
            _backend,
            _golden.Ids,
            GoldenModel.SequenceLength,
            losses,
            visitor,
            new PassOptions { Recompute = recompute }
        );
        for (int s = 0; s < losses.Length; s++)
            Assert.That(losses[s], Is.EqualTo(_golden.Losses[s]).Within(LossTolerance * _golden.Losses[s]));
        foreach (var module in _golden.Model.Linears)
        {
            var (x, dy) = visitor.Gradients[module.Name];
            Assert.That(visitor.Inputs[module.Name], Is.EqualTo(x), $"{module.Name}: the input of the forward pass");
            for (int s = 0; s < losses.Length; s++)
            {
                if (!_golden.HasGradients(s))
                    continue;
                AssertClose(
                    _golden.Values($"grad.{s}.{module.Name}"),
                    WeightGradient(Part(x, s), Part(dy, s), module),
                    GradientTolerance,
                    module.Name
                );
                if (!_golden.Has($"x.{s}.{module.Name}"))
                    continue;
                AssertClose(_golden.Values($"x.{s}.{module.Name}"), Part(x, s), GradientTolerance, "x of " + module.Name);
                AssertClose(_golden.Values($"dy.{s}.{module.Name}"), Part(dy, s), GradientTolerance, "dy of " + module.Name);
            }
        }
    }

    [Test]
    public void A_pass_of_one_sequence_at_a_time_hands_out_the_same_bytes()
    {
        var (together, alone) = (new RecordingVisitor(_backend), new RecordingVisitor(_backend));
        var (losses, lossesAlone) = (new double[GoldenModel.Sequences], new double[GoldenModel.Sequences]);
        ForwardBackward.Run(_golden.Model, _backend, _golden.Ids, GoldenModel.SequenceLength, losses, together);
        ForwardBackward.Run(
            _golden.Model,
            _backend,
            _golden.Ids,
            GoldenModel.SequenceLength,
            lossesAlone,
            alone,
            new PassOptions { TokensAtOnce = 1, Recompute = true }
        );
        Assert.That(alone.Batches, Is.EqualTo(new[] { (0, 1, GoldenModel.SequenceLength), (1, 1, GoldenModel.SequenceLength) }));
        Assert.That(lossesAlone, Is.EqualTo(losses));
        foreach (var module in _golden.Model.Linears)
        {
            Assert.That(alone.Gradients[module.Name].X, Is.EqualTo(together.Gradients[module.Name].X), "x of " + module.Name);
            Assert.That(alone.Gradients[module.Name].Dy, Is.EqualTo(together.Gradients[module.Name].Dy), "dy of " + module.Name);
        }
    }

    [Test]
    public void One_thread_and_two_give_the_same_bytes()
    {
        using var single = new CpuBackend(1);
        var (two, one) = (new RecordingVisitor(_backend), new RecordingVisitor(single));
        var (losses, lossesOne) = (new double[GoldenModel.Sequences], new double[GoldenModel.Sequences]);
        ForwardBackward.Run(_golden.Model, _backend, _golden.Ids, GoldenModel.SequenceLength, losses, two);
        ForwardBackward.Run(_golden.Model, single, _golden.Ids, GoldenModel.SequenceLength, lossesOne, one);
        Assert.That(lossesOne, Is.EqualTo(losses));
        foreach (var module in _golden.Model.Linears)
            Assert.That(one.Gradients[module.Name].Dy, Is.EqualTo(two.Gradients[module.Name].Dy), module.Name);
    }

    [Test]
    public void Decoding_with_a_cache_gives_the_logits_of_the_whole_sequence()
    {
        const int prompt = 11;
        var (vocabulary, expected) = (_golden.Model.Config.VocabSize, _golden.Values("logits.0"));
        using var decoder = new SvdSurgeon.Evaluation.CachedDecoder(_golden.Model, _backend, GoldenModel.SequenceLength);
        var logits = new float[vocabulary];
        for (int position = prompt - 1; position < GoldenModel.SequenceLength; position++)
        {
            decoder.Append(_golden.Ids.AsSpan(decoder.Length..(position + 1)), logits);
            double largest = expected.Max(Math.Abs);
            for (int w = 0; w < vocabulary; w++)
                Assert.That(
                    logits[w],
                    Is.EqualTo(expected[position * vocabulary + w]).Within(LogitTolerance * largest),
                    $"position {position}, word {w}"
                );
        }
    }

    [Test]
    public void A_pass_returns_all_its_memory_and_keeps_what_it_announces()
    {
        using var backend = new CpuBackend(1);
        ForwardBackward.Run(
            _golden.Model,
            backend,
            _golden.Ids,
            GoldenModel.SequenceLength,
            new double[GoldenModel.Sequences],
            new RecordingVisitor(backend)
        );
        Assert.That(backend.RentedBytes, Is.Zero);

        var context = new LayerContext(GoldenModel.Sequences, GoldenModel.SequenceLength);
        using var hidden = backend.Allocate(context.Tokens, _golden.Model.Config.HiddenSize);
        backend.Fill(hidden, 1);
        long before = backend.RentedBytes;
        using var kept = new LayerActivations();
        _golden.Model.Layers[0].Forward(backend, hidden, context, kept);
        // The pool rounds every block up by at most an eighth.
        long announced = _golden.Model.Layers[0].KeptBytesPerToken * context.Tokens;
        Assert.That(backend.RentedBytes - before, Is.InRange(announced, announced * 9 / 8));
    }

    private static float[] Part(float[] batch, int sequence)
    {
        int length = batch.Length / GoldenModel.Sequences;
        return batch[(sequence * length)..((sequence + 1) * length)];
    }

    private static float[] WeightGradient(float[] x, float[] dy, LinearModule module)
    {
        var (m, n) = (module.OutFeatures, module.InFeatures);
        var gradient = new double[m * n];
        for (int t = 0; t < GoldenModel.SequenceLength; t++)
        for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            gradient[i * n + j] += (double)dy[t * m + i] * x[t * n + j];
        return [.. gradient.Select(g => (float)g)];
    }

    private void AssertSequences(string entry, float[] batch, double tolerance)
    {
        for (int s = 0; s < GoldenModel.Sequences; s++)
            AssertClose(_golden.Values(string.Format(null, entry, s)), Part(batch, s), tolerance, string.Format(null, entry, s));
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), what);
        double largest = expected.Max(Math.Abs),
            worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(expected[i] - actual[i]);
            // A comparison with NaN is false: count it as infinitely wrong.
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }
        Assert.That(worst, Is.LessThanOrEqualTo(tolerance * largest), what);
    }

    private float[] Download(SvdSurgeon.Tensors.Tensor x)
    {
        var values = new float[x.Length];
        _backend.Download(x, values);
        return values;
    }
}
