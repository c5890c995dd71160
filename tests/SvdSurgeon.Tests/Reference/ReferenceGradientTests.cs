using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.Reference;

/// <summary>The reference's own backwards are right: central differences in float64.</summary>
internal sealed class ReferenceGradientTests
{
    private const double Step = 1e-5;
    private const double Tolerance = 1e-8; // Step² and the rounding of the difference

    private static readonly AttentionShape[] Shapes =
    [
        new(2, 7, 7, 4, 2, 6),
        new(1, 5, 5, 3, 3, 4),
        new(2, 9, 9, 4, 1, 2, Window: 3),
        new(1, 2, 6, 2, 1, 4),
        new(1, 3, 8, 2, 2, 4, Window: 4),
    ];

    [TestCase(true), TestCase(false)]
    public void Layer_norm(bool affine)
    {
        const int n = 7;
        double[] x = RandomNumbers.Doubles(1, 3 * n),
            dy = RandomNumbers.Doubles(2, 3 * n);
        double[]? w = affine ? RandomNumbers.Doubles(3, n) : null,
            b = affine ? RandomNumbers.Doubles(4, n) : null;
        AssertGradient(x, dy, z => ScalarOperations.LayerNorm(z, w, b, 1e-5, n), ScalarOperations.LayerNormBackward(dy, x, w, 1e-5, n));
    }

    [Test]
    public void Rms_norm()
    {
        const int n = 7;
        double[] x = RandomNumbers.Doubles(1, 3 * n),
            dy = RandomNumbers.Doubles(2, 3 * n),
            w = RandomNumbers.Doubles(3, n);
        AssertGradient(x, dy, z => ScalarOperations.RmsNorm(z, w, 1e-5, n), ScalarOperations.RmsNormBackward(dy, x, w, 1e-5, n));
    }

    [Test]
    public void Rope()
    {
        double[] x = RandomNumbers.Doubles(1, 6 * 12),
            dy = RandomNumbers.Doubles(2, 6 * 12),
            frequencies = [1, 0.3, 0.01];
        AssertGradient(
            x,
            dy,
            z => ScalarOperations.Rope(z, 6, frequencies, 12, 3, 5, false),
            ScalarOperations.Rope(dy, 6, frequencies, 12, 3, 5, true)
        );
    }

    [TestCaseSource(nameof(Shapes))]
    public void Attention(AttentionShape s)
    {
        int queries = s.Sequences * s.QueryLength * s.Heads * s.HeadDim,
            keys = s.Sequences * s.KeyLength * s.KeyValueHeads * s.HeadDim;
        double[] q = RandomNumbers.Doubles(1, queries),
            k = RandomNumbers.Doubles(2, keys),
            v = RandomNumbers.Doubles(3, keys),
            dy = RandomNumbers.Doubles(4, queries);
        var (dq, dk, dv) = ScalarOperations.AttentionBackward(q, k, v, dy, s);
        AssertGradient(q, dy, z => ScalarOperations.Attention(z, k, v, s).Y, dq);
        AssertGradient(k, dy, z => ScalarOperations.Attention(q, z, v, s).Y, dk);
        AssertGradient(v, dy, z => ScalarOperations.Attention(q, k, z, s).Y, dv);
    }

    [Test]
    public void Activations()
    {
        double[] x = RandomNumbers.Doubles(1, 40),
            up = RandomNumbers.Doubles(2, 40),
            dy = RandomNumbers.Doubles(3, 40);
        AssertGradient(x, dy, ScalarOperations.Relu, ScalarOperations.ReluBackward(dy, x));
        AssertGradient(x, dy, ScalarOperations.Gelu, ScalarOperations.GeluBackward(dy, x));
        var (dGate, dUp) = ScalarOperations.SwiGluBackward(dy, x, up);
        AssertGradient(x, dy, z => ScalarOperations.SwiGlu(z, up), dGate);
        AssertGradient(up, dy, z => ScalarOperations.SwiGlu(x, z), dUp);
    }

    [Test]
    public void Cross_entropy()
    {
        const int n = 5;
        double[] hidden = RandomNumbers.Doubles(1, 4 * n),
            head = RandomNumbers.Doubles(2, 11 * n),
            scales = [0.25, 0.25, 0.25, 0.25];
        int[] labels = [3, -1, 10, 0];
        AssertGradient(
            hidden,
            scales,
            z => ScalarOperations.CrossEntropy(z, head, labels, n, 0.25).Losses,
            ScalarOperations.CrossEntropy(hidden, head, labels, n, 0.25).DHidden
        );
    }

    [Test]
    public void Normal_distribution_has_its_known_values()
    {
        // Abramowitz & Stegun, table 26.1 and 26.2
        Assert.That(ScalarOperations.NormalCdf(1), Is.EqualTo(0.841344746068543).Within(1e-14));
        Assert.That(ScalarOperations.NormalCdf(-6), Is.EqualTo(9.865876450377e-10).Within(1e-20));
    }

    // d/dx_i Σ_j dy_j f(x)_j
    private static void AssertGradient(double[] x, double[] dy, Func<double[], double[]> f, double[] gradient)
    {
        for (int i = 0; i < x.Length; i++)
        {
            double[] above = [.. x],
                below = [.. x];
            above[i] += Step;
            below[i] -= Step;
            double[] high = f(above),
                low = f(below);
            double difference = 0;
            for (int j = 0; j < dy.Length; j++)
                difference += dy[j] * (high[j] - low[j]) / (2 * Step);
            Assert.That(gradient[i], Is.EqualTo(difference).Within(Tolerance * (1 + Math.Abs(difference))), $"element {i}");
        }
    }
}
