using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using static SvdSurgeon.Tests.Backends.ProductTests;

namespace SvdSurgeon.Tests.Backends;

public sealed class StatisticsTests(string instructionSet) : EveryInstructionSet(instructionSet)
{
    // The last two are wider than the strips of 384 rows that a block's triangle is made in.
    [TestCase(1, 1), TestCase(1, 5), TestCase(40, 17), TestCase(300, 64), TestCase(700, 131), TestCase(30, 385), TestCase(30, 500)]
    public void A_gram_matrix_is_the_sum_over_its_blocks(int tokens, int n)
    {
        using var backend = new CpuBackend(2);
        using var gram = backend.CreateGram(n);
        var expected = new double[n * n];
        for (int block = 0; block < 3; block++)
        {
            var x = RandomNumbers.Singles(block, tokens * n);
            using var tx = Tensor(backend, tokens, n, x);
            gram.Add(tx);
            for (int t = 0; t < tokens; t++)
            for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                expected[i * n + j] += (double)x[t * n + i] * x[t * n + j];
        }
        var h = gram.ToMatrix();
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
        {
            Assert.That(h[i, j], Is.EqualTo(expected[i * n + j]).Within(2e-6 * largest));
            Assert.That(h[i, j], Is.EqualTo(h[j, i]));
        }
    }

    // Relative to √(h_ii h_jj). With a mean of 1 all terms of a sum have one sign, and rounding errors grow with the sum; columns differ by
    // up to 10⁴, as activations do.
    [TestCase(0f), TestCase(1f)]
    public void A_gram_matrix_of_many_tokens_stays_within_2e_minus_7_of_float64(float mean)
    {
        const int tokens = 8292,
            n = 70;
        float[] x = RandomNumbers.Singles(1, tokens * n);
        for (int i = 0; i < x.Length; i++)
            x[i] = (mean + x[i]) * MathF.Pow(10, i % n % 5 - 2);
        using var backend = new CpuBackend(2);
        using var gram = backend.CreateGram(n);
        using (var tx = Tensor(backend, tokens, n, x))
            gram.Add(tx);
        var h = gram.ToMatrix();
        var expected = new double[n, n];
        for (int t = 0; t < tokens; t++)
        for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            expected[i, j] += (double)x[t * n + i] * x[t * n + j];
        double worst = 0;
        for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            worst = Math.Max(worst, Math.Abs(h[i, j] - expected[i, j]) / Math.Sqrt(expected[i, i] * expected[j, j]));
        Assert.That(worst <= 2e-7, $"{worst:G2}");
    }

    [TestCase(1, 1, 1), TestCase(3, 7, 25), TestCase(2, 64, 130)]
    public void ColumnDot_sums_the_products_of_each_sequence(int sequences, int tokens, int k)
    {
        using var backend = new CpuBackend(2);
        float[] p = RandomNumbers.Singles(1, sequences * tokens * k),
            q = RandomNumbers.Singles(2, sequences * tokens * k);
        using var tp = Tensor(backend, sequences * tokens, k, p);
        using var tq = Tensor(backend, sequences * tokens, k, q);
        using var tg = Tensor(backend, sequences, k, RandomNumbers.Singles(3, sequences * k));
        backend.ColumnDot(tp, tq, tg);
        var g = Numbers(backend, tg);
        for (int b = 0; b < sequences; b++)
        for (int i = 0; i < k; i++)
        {
            double sum = 0;
            for (int t = b * tokens; t < (b + 1) * tokens; t++)
                sum += (double)p[t * k + i] * q[t * k + i];
            Assert.That(g[b * k + i], Is.EqualTo(sum).Within(1e-4));
        }
    }

    [Test]
    public void Column_sums_are_added_with_and_without_sign()
    {
        using var backend = new CpuBackend(2);
        using var x = Tensor(backend, 2, 3, [1, -2, 3, 4, 5, -6]);
        double[] sums = [10, 0, 0],
            absolute = [0, 0, 1];
        backend.AddColumnSums(x, false, sums);
        backend.AddColumnSums(x, true, absolute);
        Assert.That(sums, Is.EqualTo(new[] { 15.0, 3, -3 }));
        Assert.That(absolute, Is.EqualTo(new[] { 5.0, 7, 10 }));
    }

    [Test]
    public void Column_sums_of_many_columns_equal_a_loop()
    {
        using var backend = new CpuBackend(2);
        var numbers = RandomNumbers.Singles(1, 50 * 300);
        using var x = Tensor(backend, 50, 300, numbers);
        var sums = new double[300];
        backend.AddColumnSums(x, true, sums);
        for (int j = 0; j < 300; j++)
            Assert.That(sums[j], Is.EqualTo(Enumerable.Range(0, 50).Sum(t => (double)Math.Abs(numbers[t * 300 + j]))).Within(1e-12));
    }

    [Test]
    public void Gathered_columns_scatter_back()
    {
        using var backend = new CpuBackend(2);
        using var x = Tensor(backend, 2, 4, [1, 2, 3, 4, 5, 6, 7, 8]);
        using var some = Tensor(backend, 2, 2, new float[4]);
        backend.GatherColumns(x, [3, 1], some);
        Assert.That(Numbers(backend, some), Is.EqualTo(new float[] { 4, 2, 8, 6 }));
        using var y = Tensor(backend, 2, 4, [10, 10, 10, 10, 10, 10, 10, 10]);
        backend.ScatterColumns(some, [3, 1], y);
        Assert.That(Numbers(backend, y), Is.EqualTo(new float[] { 10, 2, 10, 4, 10, 6, 10, 8 }));
        backend.ScatterColumns(some, [0, 1], y, accumulate: true);
        Assert.That(Numbers(backend, y), Is.EqualTo(new float[] { 14, 4, 10, 4, 18, 12, 10, 8 }));
    }

    [Test]
    public void An_index_outside_the_columns_is_refused()
    {
        using var backend = new CpuBackend(1);
        using var x = backend.Allocate(1, 4);
        using var y = backend.Allocate(1, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.GatherColumns(x, [4], y));
    }

    [TestCase(3), TestCase(100_003)]
    public void Scaled_sums_and_products_touch_every_element(int n)
    {
        using var backend = new CpuBackend(2);
        float[] a = RandomNumbers.Singles(1, n),
            b = RandomNumbers.Singles(2, n);
        using var ta = Tensor(backend, 1, n, a);
        using var tb = Tensor(backend, 1, n, b);
        backend.AddScaled(ta, 0.5f, tb);
        Assert.That(Numbers(backend, tb), Is.EqualTo(a.Zip(b, (x, y) => y + 0.5f * x)).Within(1e-6));
        backend.Upload(b, tb);
        backend.Multiply(ta, tb, tb);
        Assert.That(Numbers(backend, tb), Is.EqualTo(a.Zip(b, (x, y) => x * y)));
    }
}
