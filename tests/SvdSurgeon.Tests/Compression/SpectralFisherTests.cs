using NUnit.Framework;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

public sealed class SpectralFisherTests
{
    private static SpectralFisher Collect(Matrix gradients, int rowsPerCall = int.MaxValue)
    {
        var fisher = new SpectralFisher(La, gradients.Columns);
        for (int first = 0; first < gradients.Rows; first += Math.Min(rowsPerCall, gradients.Rows - first))
            fisher.Add(gradients.RowRange(first, Math.Min(rowsPerCall, gradients.Rows - first)).Data);
        return fisher;
    }

    [TestCase("many", false), TestCase("few", true)]
    public void Fisher_equals_the_golden_values(string name, bool gradientsHeld)
    {
        using var golden = new AlgorithmCase("surgeon-" + name);
        var pool = Collect(golden.Matrix("gbar")).Pool(golden.Integers("rank")[1]);
        AreClose(pool.ToMatrix(), golden.Matrix("fisher"), 1e-12);
        Assert.That(pool.HoldsGradients, Is.EqualTo(gradientsHeld));
    }

    [TestCase("many"), TestCase("few")]
    public void Gradients_of_the_golden_inputs_are_the_column_sums_of_the_projections(string name)
    {
        using var golden = new AlgorithmCase("surgeon-" + name);
        var (x, d, gbar) = (golden.Matrix("X"), golden.Matrix("D"), golden.Matrix("gbar"));
        int k = gbar.Columns,
            tokens = x.Rows / gbar.Rows;
        var factors = WhitenedSvd.Factorize(La, golden.Matrix("W"), WhiteningFactor.Cholesky(La, golden.Matrix("H")), null, k);
        var (p, q) = (La.Multiply(d, factors.Left), La.Multiply(x, factors.Right, transposeB: true));
        var projected = new Matrix(gbar.Rows, k);
        for (int t = 0; t < x.Rows; t++)
        for (int i = 0; i < k; i++)
            projected[t / tokens, i] += p[t, i] * q[t, i];
        AreClose(projected, gbar, 1e-6);
    }

    [TestCase(5), TestCase(12), TestCase(13), TestCase(40)]
    public void How_the_samples_are_cut_into_calls_does_not_change_a_bit(int samples)
    {
        var gradients = Gaussian(samples, 12, 1);
        var (one, several) = (Collect(gradients), Collect(gradients, 7));
        Assert.That(several.Pool(12).ToMatrix().Data, Is.EqualTo(one.Pool(12).ToMatrix().Data));
        Assert.That(one.Samples, Is.EqualTo(samples));
    }

    [Test]
    public void Merging_four_shards_equals_one_run()
    {
        var gradients = Gaussian(50, 12, 2);
        var merged = Collect(gradients.RowRange(0, 20));
        foreach (var (first, count) in new[] { (20, 3), (23, 14), (37, 13) })
            merged.Merge(Collect(gradients.RowRange(first, count)));
        AreClose(merged.Pool(12).ToMatrix(), Collect(gradients).Pool(12).ToMatrix(), 1e-13);
        AreClose(merged.Pool(9, Shrinkage.LedoitWolf).ToMatrix(), Collect(gradients).Pool(9, Shrinkage.LedoitWolf).ToMatrix(), 1e-13);
        Assert.That(merged.Samples, Is.EqualTo(50));
        Assert.That(() => merged.Merge(new SpectralFisher(La, 11)), Throws.TypeOf<InvalidInputException>());
    }

    [Test]
    public void Merging_few_samples_equals_one_run_to_the_last_bit()
    {
        var gradients = Gaussian(9, 12, 3);
        var merged = Collect(gradients.RowRange(0, 4));
        merged.Merge(Collect(gradients.RowRange(4, 5)));
        Assert.That(merged.Pool(12).ToMatrix().Data, Is.EqualTo(Collect(gradients).Pool(12).ToMatrix().Data));
    }

    [TestCase(5), TestCase(30)]
    public void A_smaller_pool_is_the_leading_part_of_the_larger(int samples)
    {
        var fisher = Collect(Gaussian(samples, 12, 4));
        var (large, small) = (fisher.Pool(12).ToMatrix(), fisher.Pool(7).ToMatrix());
        AreClose(small, large.RowRange(0, 7).ColumnRange(0, 7), 1e-13);
        Assert.That(() => fisher.Pool(13), Throws.TypeOf<InvalidInputException>().With.Message.Contains("12 components"));
    }

    [Test]
    public void Tokens_added_as_a_gram_matrix_equal_tokens_added_one_by_one()
    {
        var tokens = Gaussian(30, 8, 5);
        var sum = new double[8];
        for (int t = 0; t < 30; t++)
        for (int i = 0; i < 8; i++)
            sum[i] += tokens[t, i];
        var fisher = new SpectralFisher(La, 8);
        fisher.AddGram(La.Multiply(tokens, tokens, transposeA: true), sum, 30);
        AreClose(fisher.Pool(8).ToMatrix(), Collect(tokens).Pool(8).ToMatrix(), 1e-13);
        Assert.That(fisher.Samples, Is.EqualTo(30));
    }

    [TestCase(5), TestCase(30)]
    public void A_stored_fisher_comes_back_unchanged(int samples)
    {
        var gradients = Gaussian(samples, 12, 6);
        var restored = SpectralFisher.Restore(La, Collect(gradients.RowRange(0, samples - 2)).Save());
        restored.Add(gradients.RowRange(samples - 2, 2).Data);
        Assert.That(
            restored.Pool(12, Shrinkage.LedoitWolf).ToMatrix().Data,
            Is.EqualTo(Collect(gradients).Pool(12, Shrinkage.LedoitWolf).ToMatrix().Data)
        );
        Assert.That(restored.Samples, Is.EqualTo(samples));
    }

    [Test]
    public void A_stored_fisher_with_parts_of_other_sizes_is_refused()
    {
        var state = Collect(Gaussian(3, 4, 7)).Save();
        Assert.That(() => SpectralFisher.Restore(La, state with { GradientSum = new double[5] }), Throws.TypeOf<InvalidInputException>());
    }

    [Test]
    public void Single_precision_gradients_are_widened()
    {
        var fisher = new SpectralFisher(La, 2);
        fisher.Add(new float[] { 1, 2, 0.5f, -1 });
        Assert.That(fisher.Pool(2).ToMatrix().Data, Is.EqualTo(new[] { 1.25, 1.5, 1.5, 5 }));
    }

    [Test]
    public void A_gradient_that_is_not_finite_is_an_error() =>
        Assert.That(() => new SpectralFisher(La, 2).Add([1.0, double.NaN]), Throws.TypeOf<NumericalException>());

    // Both forms of H̄, and the estimator written out from its definition.
    [TestCase(6, 10), TestCase(40, 10)]
    public void Ledoit_wolf_shrinkage_follows_its_definition(int samples, int k)
    {
        var gradients = Gaussian(samples, k, 8);
        for (int b = 0; b < samples; b++)
        for (int i = 0; i < k; i++)
            gradients[b, i] *= 1 + i;
        var s = La.Multiply(gradients, gradients, transposeA: true);
        double mu = 0,
            distance = 0,
            spread = 0;
        for (int i = 0; i < k; i++)
            mu += s[i, i] / samples / k;
        for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
        {
            double sij = s[i, j] / samples,
                target = i == j ? mu : 0;
            distance += (sij - target) * (sij - target);
            for (int b = 0; b < samples; b++)
                spread += Math.Pow(gradients[b, i] * gradients[b, j] - sij, 2) / samples / samples;
        }
        double lambda = Math.Min(spread / distance, 1);
        var pool = Collect(gradients).Pool(k, Shrinkage.LedoitWolf);
        Assert.That(pool.ShrinkageIntensity, Is.EqualTo(lambda).Within(1e-9));
        Assert.That(lambda, Is.GreaterThan(0.01).And.LessThan(0.99));
        var expected = new Matrix(k, k);
        for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
            expected[i, j] = (1 - lambda) * s[i, j] + (i == j ? lambda * mu * samples : 0);
        AreClose(pool.ToMatrix(), expected, 1e-12);
    }

    [Test]
    public void More_samples_shrink_less()
    {
        double Intensity(int samples, bool asGram)
        {
            var gradients = Gaussian(samples, 10, 9);
            for (int b = 0; b < samples; b++)
            for (int i = 0; i < 10; i++)
                gradients[b, i] *= 1 + i;
            var fisher = new SpectralFisher(La, 10);
            if (asGram)
                fisher.AddGram(La.Multiply(gradients, gradients, transposeA: true), new double[10], samples);
            else
                fisher.Add(gradients.Data);
            return fisher.Pool(10, Shrinkage.LedoitWolf).ShrinkageIntensity;
        }
        Assert.That(Intensity(2000, false), Is.LessThan(0.02));
        Assert.That(Intensity(15, false), Is.GreaterThan(Intensity(2000, false)));
        Assert.That(Intensity(15, true), Is.GreaterThan(Intensity(2000, true)));
    }
}
