using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Reference;

namespace SvdSurgeon.Tests.Backends.Contract;

internal abstract partial class BackendContract
{
    private const float Epsilon = 1e-5f;

    // Gradients are sums of products of several rounded factors.
    private const double BackwardTolerance = 2e-5;

    [Test]
    public void Layer_norm_and_its_backward_match([Values] bool affine, [Values(5, 21)] int n)
    {
        const int rows = 3;
        float[] x = Numbers(1, rows * n),
            dy = Numbers(2, rows * n),
            w = Numbers(3, n),
            b = Numbers(4, n);
        using var tx = Tensor(rows, n, x);
        using var y = Backend.Allocate(rows, n);
        using var mean = Backend.Allocate(rows, 1);
        using var r = Backend.Allocate(rows, 1);
        var weight = affine ? Stored(1, n, w) : null;
        Backend.LayerNorm(tx, weight, affine ? Stored(1, n, b) : null, Epsilon, y, mean, r);
        double[]? wide = affine ? Doubles(w) : null;
        AssertClose(Values(y), ScalarOperations.LayerNorm(Doubles(x), wide, affine ? Doubles(b) : null, Epsilon, n));
        var gradient = ScalarOperations.LayerNormBackward(Doubles(dy), Doubles(x), wide, Epsilon, n);
        using var tdy = Tensor(rows, n, dy);
        using var dx = Random(rows, n, 5);
        Backend.LayerNormBackward(tdy, tx, weight, mean, r, dx);
        AssertClose(Values(dx), gradient, "backward", BackwardTolerance);
        Backend.LayerNormBackward(tdy, tx, weight, mean, r, dx, accumulate: true);
        AssertClose(Values(dx), [.. gradient.Select(g => 2 * g)], "backward, accumulated", BackwardTolerance);
    }

    [TestCase(6), TestCase(21)]
    public void RMS_norm_and_its_backward_match(int n)
    {
        const int rows = 3;
        float[] x = Numbers(1, rows * n),
            dy = Numbers(2, rows * n),
            w = Numbers(3, n);
        using var tx = Tensor(rows, n, x);
        using var y = Backend.Allocate(rows, n);
        using var r = Backend.Allocate(rows, 1);
        var weight = Stored(1, n, w, DType.BF16);
        w = weight.ToSingles();
        Backend.RmsNorm(tx, weight, Epsilon, y, r);
        AssertClose(Values(y), ScalarOperations.RmsNorm(Doubles(x), Doubles(w), Epsilon, n));
        var gradient = ScalarOperations.RmsNormBackward(Doubles(dy), Doubles(x), Doubles(w), Epsilon, n);
        using var tdy = Tensor(rows, n, dy);
        using var dx = Random(rows, n, 5);
        Backend.RmsNormBackward(tdy, tx, weight, r, dx);
        AssertClose(Values(dx), gradient, "backward", BackwardTolerance);
        Backend.RmsNormBackward(tdy, tx, weight, r, dx, accumulate: true);
        AssertClose(Values(dx), [.. gradient.Select(g => 2 * g)], "backward, accumulated", BackwardTolerance);
    }

    [Test]
    public void Rotation_follows_the_position_and_its_inverse_undoes_it([Values(0, 3)] int start)
    {
        const int sequences = 2,
            length = 3,
            heads = 2,
            headDim = 6,
            columns = heads * headDim;
        double[] frequencies = [1, 0.1, 0.01];
        var table = new RopeTable(frequencies, 8);
        float[] x = Numbers(1, sequences * length * columns);
        using var tx = Tensor(sequences * length, columns, x);
        Backend.Rope(tx, headDim, table, length, start);
        AssertClose(Values(tx), ScalarOperations.Rope(Doubles(x), headDim, frequencies, columns, length, start, false));
        Backend.Rope(tx, headDim, table, length, start, inverse: true);
        AssertClose(Values(tx), Doubles(x));
    }

    [Test]
    public void Fewer_frequencies_turn_the_first_numbers_of_a_head_alone()
    {
        const int length = 4,
            headDim = 10,
            columns = 3 * headDim;
        double[] frequencies = [0.7, 0.05];
        float[] x = Numbers(1, length * columns);
        using var tx = Tensor(length, columns, x);
        Backend.Rope(tx, headDim, new RopeTable(frequencies, 8), length, 2);
        AssertClose(Values(tx), ScalarOperations.Rope(Doubles(x), headDim, frequencies, columns, length, 2, false));
        Assert.That(Values(tx)[14..20], Is.EqualTo(x[14..20]), "the rest of the second head");
    }

    // B, Tq, Tk, heads, key-value heads, d, window
    [TestCase(1, 1, 1, 1, 1, 4, 0, TestName = "Attention_matches(one token)")]
    [TestCase(2, 5, 5, 2, 2, 8, 0, TestName = "Attention_matches(short sequences)")]
    [TestCase(1, 19, 19, 4, 2, 6, 0, TestName = "Attention_matches(grouped queries, two tiles)")]
    [TestCase(1, 37, 37, 2, 1, 12, 9, TestName = "Attention_matches(sliding window, three tiles)")]
    [TestCase(1, 3, 20, 2, 1, 10, 0, TestName = "Attention_matches(more keys than queries)")]
    [TestCase(1, 2, 40, 2, 2, 8, 18, TestName = "Attention_matches(more keys than queries, window)")]
    [TestCase(1, 9, 9, 1, 1, 72, 0, TestName = "Attention_matches(wide head)")]
    [TestCase(2, 70, 70, 1, 1, 8, 0, TestName = "Attention_matches(long sequences)")]
    [TestCase(1, 21, 21, 2, 1, 8, 5, 0.9f, 0.7f, TestName = "Attention_matches(soft cap and scale)")]
    [TestCase(1, 2, 20, 2, 1, 8, 0, 0.9f, 0.7f, TestName = "Attention_matches(soft cap, more keys than queries)")]
    [TestCase(1, 9, 9, 2, 2, 8, 0, 0.2f, 0f, TestName = "Attention_matches(scale)")]
    public void Attention_matches(
        int sequences,
        int queries,
        int keys,
        int heads,
        int keyHeads,
        int d,
        int window,
        float scale = 0,
        float softCap = 0
    )
    {
        var shape = new AttentionShape(sequences, queries, keys, heads, keyHeads, d, window, scale, softCap);
        int qRows = sequences * queries,
            kRows = sequences * keys,
            qColumns = heads * d,
            kColumns = keyHeads * d;
        float[] q = Numbers(1, qRows * qColumns),
            k = Numbers(2, kRows * kColumns),
            v = Numbers(3, kRows * kColumns),
            dy = Numbers(4, qRows * qColumns);
        var expected = ScalarOperations.Attention(Doubles(q), Doubles(k), Doubles(v), shape);
        using var tq = Tensor(qRows, qColumns, q);
        using var tk = Tensor(kRows, kColumns, k);
        using var tv = Tensor(kRows, kColumns, v);
        using var y = Backend.Allocate(qRows, qColumns);
        using var lse = Backend.Allocate(qRows, heads);
        Backend.Attention(tq, tk, tv, shape, y, lse);
        AssertClose(Values(y), expected.Y, "y");
        AssertClose(Values(lse), expected.LogSumExp, "log-sum-exp");

        if (queries != keys)
            return; // generation has no backward pass
        using var tdy = Tensor(qRows, qColumns, dy);
        using var dq = Random(qRows, qColumns, 5);
        using var dk = Random(kRows, kColumns, 6);
        using var dv = Random(kRows, kColumns, 7);
        Backend.AttentionBackward(tq, tk, tv, y, lse, tdy, shape, dq, dk, dv);
        var gradients = ScalarOperations.AttentionBackward(Doubles(q), Doubles(k), Doubles(v), Doubles(dy), shape);
        AssertClose(Values(dq), gradients.Dq, "dq", BackwardTolerance);
        AssertClose(Values(dk), gradients.Dk, "dk", BackwardTolerance);
        AssertClose(Values(dv), gradients.Dv, "dv", BackwardTolerance);
        float[] first = [.. Values(dq), .. Values(dk), .. Values(dv)];
        Backend.AttentionBackward(tq, tk, tv, y, lse, tdy, shape, dq, dk, dv);
        Assert.That((float[])[.. Values(dq), .. Values(dk), .. Values(dv)], Is.EqualTo(first), "a second run gives the same bits");
    }

    [Test]
    public void Activations_and_their_backwards_match()
    {
        float[] x = [-30, -8, -4.5f, -2.7f, -1, -0.3f, -0f, 1e-20f, 0.4f, 1.3f, 2.9f, 6, 30];
        float[] dy = Numbers(1, x.Length),
            up = Numbers(2, x.Length);
        using var tx = Tensor(1, x.Length, x);
        using var tdy = Tensor(1, x.Length, dy);
        using var tup = Tensor(1, x.Length, up);
        using var y = Backend.Allocate(1, x.Length);
        using var dx = Backend.Allocate(1, x.Length);
        using var dUp = Backend.Allocate(1, x.Length);

        double[] wide = Doubles(x),
            wideDy = Doubles(dy),
            wideUp = Doubles(up);
        Backend.Relu(tx, y);
        AssertClose(Values(y), ScalarOperations.Relu(wide), "relu");
        Backend.ReluBackward(tdy, tx, dx);
        AssertClose(Values(dx), ScalarOperations.ReluBackward(wideDy, wide), "relu backward");
        Backend.Gelu(tx, y);
        AssertClose(Values(y), ScalarOperations.Gelu(wide), "gelu", 1e-6);
        Backend.GeluBackward(tdy, tx, dx);
        AssertClose(Values(dx), ScalarOperations.GeluBackward(wideDy, wide), "gelu backward");
        Backend.GeluTanh(tx, y);
        AssertClose(Values(y), ScalarOperations.GeluTanh(wide), "gelu, tanh form", 1e-6);
        Backend.GeluTanhBackward(tdy, tx, dx);
        AssertClose(Values(dx), ScalarOperations.GeluTanhBackward(wideDy, wide), "gelu, tanh form, backward");
        Backend.SwiGlu(tx, tup, y);
        AssertClose(Values(y), ScalarOperations.SwiGlu(wide, wideUp), "swiglu");
        Backend.SwiGluBackward(tdy, tx, tup, dx, dUp);
        var (dGate, expectedDUp) = ScalarOperations.SwiGluBackward(wideDy, wide, wideUp);
        AssertClose(Values(dx), dGate, "swiglu backward, gate");
        AssertClose(Values(dUp), expectedDUp, "swiglu backward, up");
    }

    [Test]
    public void Soft_cap_and_its_slope_match([Values] bool slope)
    {
        float[] x = [-300, -40, -7.5f, -3.1f, -0.9f, -1e-4f, 0, 1e-20f, 0.3f, 1.8f, 1.9f, 12, 250];
        const float cap = 3;
        using var tx = Tensor(1, x.Length, x);
        using var slopes = slope ? Random(1, x.Length, 1) : null;
        Backend.SoftCap(tx, cap, slopes);
        AssertClose(Values(tx), [.. x.Select(v => cap * Math.Tanh(v / (double)cap))], "value", 1e-6);
        if (slopes is not null)
            AssertClose(Values(slopes), [.. x.Select(v => 1 - Math.Pow(Math.Tanh(v / (double)cap), 2))], "slope", 1e-6);
    }

    [Test]
    public void Activations_may_write_over_their_input()
    {
        float[] x = Numbers(1, 30),
            dy = Numbers(2, 30),
            up = Numbers(3, 30);
        using var tx = Tensor(5, 6, x);
        Backend.Gelu(tx, tx);
        AssertClose(Values(tx), ScalarOperations.Gelu(Doubles(x)));
        using var gate = Tensor(5, 6, x);
        using var tup = Tensor(5, 6, up);
        using var tdy = Tensor(5, 6, dy);
        Backend.SwiGluBackward(tdy, gate, tup, gate, tup);
        AssertClose(Values(tup), ScalarOperations.SwiGluBackward(Doubles(dy), Doubles(x), Doubles(up)).DUp);
    }

    [Test]
    public void Cross_entropy_and_its_gradient_match([Values] bool gradient, [Values(0f, 1.5f)] float softCap)
    {
        const int tokens = 5,
            hidden = 7,
            vocabulary = 13;
        int[] labels = [3, 12, -1, 0, 3];
        float[] x = Numbers(1, tokens * hidden);
        var head = Stored(vocabulary, hidden, Numbers(2, vocabulary * hidden), DType.F16);
        using var tx = Tensor(tokens, hidden, x);
        using var dx = gradient ? Random(tokens, hidden, 3) : null;
        var losses = new double[tokens];
        Backend.CrossEntropy(tx, head, labels, losses, dx, 0.25f, softCap);
        var (expected, gradients) = ScalarOperations.CrossEntropy(Doubles(x), Doubles(head.ToSingles()), labels, hidden, 0.25, softCap);
        for (int t = 0; t < tokens; t++)
            Assert.That(losses[t], Is.EqualTo(expected[t]).Within(1e-5), $"token {t}");
        if (dx is not null)
            AssertClose(Values(dx), gradients);
    }

    [Test]
    public void Divergence_of_two_distributions_matches_and_is_zero_for_equal_ones()
    {
        const int tokens = 4,
            hidden = 6,
            vocabulary = 11;
        float[] p = Numbers(1, tokens * hidden),
            q = Numbers(2, tokens * hidden);
        var head = Stored(vocabulary, hidden, Numbers(3, vocabulary * hidden));
        using var tp = Tensor(tokens, hidden, p);
        using var tq = Tensor(tokens, hidden, q);
        var divergences = new double[tokens];
        Backend.KullbackLeibler(tp, tq, head, divergences);
        var expected = ScalarOperations.KullbackLeibler(Doubles(p), Doubles(q), Doubles(head.ToSingles()), hidden);
        for (int t = 0; t < tokens; t++)
            Assert.That(divergences[t], Is.EqualTo(expected[t]).Within(1e-5), $"token {t}");
        Backend.KullbackLeibler(tp, tp, head, divergences);
        Assert.That(divergences, Is.All.EqualTo(0).Within(1e-6));
    }

    [TestCase(float.NaN), TestCase(float.PositiveInfinity), TestCase(float.NegativeInfinity)]
    public void A_logit_that_is_not_finite_is_an_error(float bad)
    {
        float[] x = Numbers(1, 12);
        x[7] = bad;
        var head = Stored(5, 4, [.. Numbers(2, 20).Select(Math.Abs)]);
        using var tx = Tensor(3, 4, x);
        using var good = Random(3, 4, 3);
        Assert.That(() => Backend.CrossEntropy(tx, head, [0, 1, 2], new double[3]), Throws.InstanceOf<NumericalException>());
        Assert.That(() => Backend.KullbackLeibler(good, tx, head, new double[3]), Throws.InstanceOf<NumericalException>());
    }
}
