using System.Numerics;
using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Reference;

namespace SvdSurgeon.Tests.Backends;

/// <summary>
/// Norms, attention, activations and losses of the CPU backend against float64 loops, at sizes that fill no vector or block.
/// </summary>
internal sealed class ModelOperationTests(string instructionSet) : EveryInstructionSet(instructionSet)
{
    private const double Tolerance = 3e-6; // of the largest entry: float32 rounding over a few hundred terms
    private CpuBackend _backend = null!;

    [SetUp]
    public void Open() => _backend = new CpuBackend(2);

    [TearDown]
    public void Close() => _backend.Dispose();

    private static readonly AttentionShape[] Shapes =
    [
        new(1, 1, 1, 1, 1, 2),
        new(2, 24, 24, 4, 2, 12),
        new(1, 64, 64, 2, 2, 64),
        new(2, 65, 65, 6, 2, 80),
        new(1, 200, 200, 3, 1, 16),
        new(1, 150, 150, 2, 1, 33, Window: 70),
        new(2, 131, 131, 2, 2, 8, Window: 5),
        new(1, 1, 77, 4, 2, 64),
        new(1, 3, 100, 4, 1, 12, Window: 20),
        new(1, 40, 170, 2, 2, 32),
        new(2, 9, 70, 2, 1, 16, Window: 64),
    ];

    [TestCaseSource(nameof(Shapes))]
    public void Attention_and_its_backward_match_the_reference(AttentionShape s)
    {
        int queryRows = s.Sequences * s.QueryLength,
            keyRows = s.Sequences * s.KeyLength,
            queryWidth = s.Heads * s.HeadDim,
            keyWidth = s.KeyValueHeads * s.HeadDim;
        float[] q = RandomNumbers.Singles(1, queryRows * queryWidth),
            k = RandomNumbers.Singles(2, keyRows * keyWidth);
        float[] v = RandomNumbers.Singles(3, keyRows * keyWidth),
            dy = RandomNumbers.Singles(4, queryRows * queryWidth);
        using Tensor tq = Upload(q, queryWidth),
            tk = Upload(k, keyWidth),
            tv = Upload(v, keyWidth),
            tdy = Upload(dy, queryWidth);
        using Tensor y = Undefined(queryRows, queryWidth),
            lse = Undefined(queryRows, s.Heads);
        _backend.Attention(tq, tk, tv, s, y, lse);
        var (expectedY, expectedLse) = ScalarOperations.Attention(Wide(q), Wide(k), Wide(v), s);
        AssertClose(expectedY, y, "y");
        AssertClose(expectedLse, lse, "log-sum-exp");

        using Tensor dq = Undefined(queryRows, queryWidth),
            dk = Undefined(keyRows, keyWidth),
            dv = Undefined(keyRows, keyWidth);
        _backend.AttentionBackward(tq, tk, tv, y, lse, tdy, s, dq, dk, dv);
        var expected = ScalarOperations.AttentionBackward(Wide(q), Wide(k), Wide(v), Wide(dy), s);
        AssertClose(expected.Dq, dq, "dq");
        AssertClose(expected.Dk, dk, "dk");
        AssertClose(expected.Dv, dv, "dv");
    }

    [Test]
    public void Attention_passes_NaN_on()
    {
        var shape = new AttentionShape(1, 70, 70, 1, 1, 8);
        float[] k = RandomNumbers.Singles(2, 70 * 8);
        k[66 * 8] = float.NaN;
        using Tensor q = Upload(RandomNumbers.Singles(1, 70 * 8), 8),
            tk = Upload(k, 8),
            v = Upload(RandomNumbers.Singles(3, 70 * 8), 8);
        using Tensor y = Undefined(70, 8),
            lse = Undefined(70, 1);
        _backend.Attention(q, tk, v, shape, y, lse);
        float[] result = Download(y);
        Assert.That(result.AsSpan(0, 66 * 8).ToArray(), Has.None.NaN);
        Assert.That(result.AsSpan(66 * 8).ToArray(), Has.All.NaN);
    }

    [Test]
    public void Layer_norm_and_its_backward_match_the_reference(
        [Values(1, 16, 37, 576)] int n,
        [Values] bool affine,
        [Values] bool accumulate
    )
    {
        const int rows = 19;
        // A stream far from zero: the variance must survive it.
        float[] x = [.. RandomNumbers.Singles(1, rows * n).Select(v => v + 30)],
            dy = RandomNumbers.Singles(2, rows * n),
            start = RandomNumbers.Singles(5, rows * n);
        float[]? w = affine ? RandomNumbers.Singles(3, n) : null,
            b = affine ? RandomNumbers.Singles(4, n) : null;
        using Tensor tx = Upload(x, n),
            tdy = Upload(dy, n),
            y = Undefined(rows, n),
            mean = Undefined(rows, 1),
            r = Undefined(rows, 1),
            dx = Upload(start, n);
        _backend.LayerNorm(tx, Stored(w), Stored(b), 1e-5f, y, mean, r);
        const double farTolerance = 3e-5; // x − mean loses a digit and a half
        AssertClose(ScalarOperations.LayerNorm(Wide(x), Wide(w), Wide(b), 1e-5f, n), y, "y", farTolerance);
        _backend.LayerNormBackward(tdy, tx, Stored(w), mean, r, dx, accumulate);
        double[] expected = ScalarOperations.LayerNormBackward(Wide(dy), Wide(x), Wide(w), 1e-5f, n);
        AssertClose(accumulate ? Sum(expected, start) : expected, dx, "dx", farTolerance, floor: 1);
    }

    [Test]
    public void Rms_norm_and_its_backward_match_the_reference([Values(1, 16, 37, 576)] int n, [Values] bool accumulate)
    {
        const int rows = 19;
        float[] x = RandomNumbers.Singles(1, rows * n),
            dy = RandomNumbers.Singles(2, rows * n),
            w = RandomNumbers.Singles(3, n),
            start = RandomNumbers.Singles(5, rows * n);
        using Tensor tx = Upload(x, n),
            tdy = Upload(dy, n),
            y = Undefined(rows, n),
            r = Undefined(rows, 1),
            dx = Upload(start, n);
        _backend.RmsNorm(tx, Stored(w)!, 1e-5f, y, r);
        AssertClose(ScalarOperations.RmsNorm(Wide(x), Wide(w)!, 1e-5f, n), y, "y");
        _backend.RmsNormBackward(tdy, tx, Stored(w)!, r, dx, accumulate);
        double[] expected = ScalarOperations.RmsNormBackward(Wide(dy), Wide(x), Wide(w)!, 1e-5f, n);
        AssertClose(accumulate ? Sum(expected, start) : expected, dx, "dx", floor: 1);
    }

    [TestCase(false), TestCase(true)]
    public void Rope_matches_the_reference(bool inverse)
    {
        double[] frequencies = [.. Enumerable.Range(0, 20).Select(i => Math.Pow(10000, -i / 20.0))];
        float[] x = RandomNumbers.Singles(1, 26 * 120);
        using var tx = Upload(x, 120);
        _backend.Rope(tx, 40, new RopeTable(frequencies, 64), 13, 50, inverse);
        AssertClose(ScalarOperations.Rope(Wide(x), 40, frequencies, 120, 13, 50, inverse), tx, "rope");
    }

    [TestCase(7), TestCase(16), TestCase(50001)]
    public void Activations_and_their_backwards_match_the_reference(int n)
    {
        float[] x = [.. RandomNumbers.Singles(1, n).Select(v => 3 * v)],
            up = RandomNumbers.Singles(2, n),
            dy = RandomNumbers.Singles(3, n);
        (x[0], x[1], x[2]) = (-200, 200, 0);
        using Tensor tx = Upload(x, n),
            tup = Upload(up, n),
            tdy = Upload(dy, n),
            y = Undefined(1, n),
            dx = Undefined(1, n);
        _backend.Relu(tx, y);
        AssertClose(ScalarOperations.Relu(Wide(x)), y, "relu");
        _backend.ReluBackward(tdy, tx, dx);
        AssertClose(ScalarOperations.ReluBackward(Wide(dy), Wide(x)), dx, "relu backward");
        _backend.Gelu(tx, y);
        AssertClose(ScalarOperations.Gelu(Wide(x)), y, "gelu", relative: true);
        _backend.GeluBackward(tdy, tx, dx);
        AssertClose(ScalarOperations.GeluBackward(Wide(dy), Wide(x)), dx, "gelu backward");
        _backend.SwiGlu(tx, tup, y);
        AssertClose(ScalarOperations.SwiGlu(Wide(x), Wide(up)), y, "swiglu");
        // In place, as the models call it.
        _backend.SwiGluBackward(tdy, tx, tup, tx, tup);
        var expected = ScalarOperations.SwiGluBackward(Wide(dy), Wide(x), Wide(up));
        AssertClose(expected.DGate, tx, "dGate");
        AssertClose(expected.DUp, tup, "dUp");
    }

    [Test]
    public void Cross_entropy_and_its_gradient_match_the_reference([Values(1, 17, 700)] int rows, [Values(13, 97, 2051)] int words)
    {
        const int n = 24;
        float[] hidden = RandomNumbers.Singles(1, rows * n),
            head = RandomNumbers.Singles(2, words * n);
        int[] labels = [.. Enumerable.Range(0, rows).Select(t => t % 5 == 4 ? -1 : t * 7 % words)];
        using Tensor th = Upload(hidden, n),
            dHidden = Undefined(rows, n);
        var losses = new double[rows];
        _backend.CrossEntropy(th, Stored(head, n)!, labels, losses, dHidden, 0.125f);
        var (expected, gradient) = ScalarOperations.CrossEntropy(Wide(hidden), Wide(head), labels, n, 0.125f);
        Assert.That(losses, Is.EqualTo(expected).Within(Tolerance * expected.Max()));
        AssertClose(gradient, dHidden, "dHidden");
        var forwardOnly = new double[rows];
        _backend.CrossEntropy(th, Stored(head, n)!, labels, forwardOnly);
        Assert.That(forwardOnly, Is.EqualTo(losses));
    }

    [TestCase(float.NaN), TestCase(float.PositiveInfinity), TestCase(float.NegativeInfinity)]
    public void A_logit_that_is_not_finite_is_an_error(float bad)
    {
        float[] hidden = RandomNumbers.Singles(1, 3 * 4),
            head = RandomNumbers.Singles(2, 20 * 4);
        head[17 * 4] = bad;
        using Tensor p = Upload(hidden, 4),
            q = Upload(hidden, 4);
        var losses = new double[3];
        var error = Assert.Throws<NumericalException>(() => _backend.CrossEntropy(p, Stored(head, 4)!, [1, 2, 3], losses));
        Assert.That(error!.Message, Does.Contain("not finite"));
        Assert.Throws<NumericalException>(() => _backend.KullbackLeibler(p, q, Stored(head, 4)!, losses));
    }

    [TestCase(97), TestCase(2051)]
    public void Kullback_Leibler_matches_the_reference(int words)
    {
        const int n = 24,
            rows = 130;
        float[] p = RandomNumbers.Singles(1, rows * n),
            head = RandomNumbers.Singles(3, words * n);
        float[] noise = RandomNumbers.Singles(2, rows * n),
            q = [.. p.Select((v, i) => v + 0.1f * noise[i])];
        using Tensor tp = Upload(p, n),
            tq = Upload(q, n);
        var divergences = new double[rows];
        _backend.KullbackLeibler(tp, tq, Stored(head, n)!, divergences);
        double[] expected = ScalarOperations.KullbackLeibler(Wide(p), Wide(q), Wide(head), n);
        Assert.That(divergences, Is.EqualTo(expected).Within(Tolerance * Math.Max(1, expected.Max())));
        _backend.KullbackLeibler(tp, tp, Stored(head, n)!, divergences);
        Assert.That(divergences, Has.All.EqualTo(0).Within(1e-12));
    }

    [Test]
    public void Embedding_adds_positions_from_the_offset()
    {
        float[] table = RandomNumbers.Singles(1, 10 * 20),
            positions = RandomNumbers.Singles(2, 9 * 20);
        using var y = Undefined(6, 20);
        _backend.Embed([3, 9, 0, 3, 4, 1], Stored(table, 20)!, y);
        _backend.AddPositions(Stored(positions, 20)!, 4, 3, y);
        float[] result = Download(y);
        Assert.That(result[0], Is.EqualTo(table[3 * 20] + positions[4 * 20]));
        Assert.That(result[5 * 20 + 19], Is.EqualTo(table[1 * 20 + 19] + positions[6 * 20 + 19]));
        Assert.Throws<InvalidInputException>(() => _backend.Embed([10], Stored(table, 20)!, y));
    }

    [Test]
    public void The_exponential_is_accurate_to_2e_7_and_zero_for_minus_infinity()
    {
        const double expTolerance = 2e-7;
        for (float x = -87.2f; x < 88.6f; x += 0.0123f)
        {
            Assert.That(
                VectorMath.Exp(Vector.Create(x))[VectorMath.Lanes - 1],
                Is.EqualTo(Math.Exp(x)).Within(expTolerance * Math.Exp(x)),
                $"exp({x:R})"
            );
        }
        Assert.That(VectorMath.Exp(Vector.Create(float.NegativeInfinity))[0], Is.Zero);
        Assert.That(VectorMath.Exp(Vector.Create(float.NaN))[0], Is.NaN);
        Assert.That(VectorMath.Exp(Vector.Create(500f))[0], Is.GreaterThan(3e38f));
    }

    private Tensor Upload(float[] values, int columns)
    {
        var tensor = _backend.Allocate(values.Length / columns, columns);
        _backend.Upload(values, tensor);
        return tensor;
    }

    // Outputs start as NaN: an operation that leaves some of them unwritten, or adds to them, fails.
    private Tensor Undefined(int rows, int columns)
    {
        var tensor = _backend.Allocate(rows, columns);
        _backend.Fill(tensor, float.NaN);
        return tensor;
    }

    private float[] Download(Tensor x)
    {
        var values = new float[x.Length];
        _backend.Download(x, values);
        return values;
    }

    private static StoredTensor? Stored(float[]? values) =>
        values is null ? null : StoredTensor.FromSingles("vector", [values.Length], values);

    private static StoredTensor? Stored(float[] values, int columns) =>
        StoredTensor.FromSingles("matrix", [values.Length / columns, columns], values);

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(x))]
    private static double[]? Wide(float[]? x) => x is null ? null : [.. x.Select(v => (double)v)];

    private static double[] Sum(double[] a, float[] b) => [.. a.Select((v, i) => v + b[i])];

    private void AssertClose(
        double[] expected,
        Tensor actual,
        string what,
        double tolerance = Tolerance,
        bool relative = false,
        double floor = 0
    )
    {
        float[] values = Download(actual);
        Assert.That(values, Has.Length.EqualTo(expected.Length), what);
        double largest = Math.Max(floor, expected.Max(Math.Abs));
        for (int i = 0; i < values.Length; i++)
        {
            double bound = tolerance * (relative ? Math.Max(Math.Abs(expected[i]), 1e-6) : largest);
            if (!(Math.Abs(expected[i] - values[i]) <= bound))
                Assert.Fail($"{what}: element {i} is {values[i]}, should be {expected[i]} ± {bound}");
        }
    }
}
