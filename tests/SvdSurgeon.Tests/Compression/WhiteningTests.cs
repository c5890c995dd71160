using NUnit.Framework;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Refitting;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

public sealed class WhiteningTests
{
    // What the pipeline's ModuleMetric and FactorSet do with a method and what was collected for it.
    private static SpectralFactors Decompose(
        CompressionMethod method,
        Matrix w,
        Collected? collected = null,
        WhiteningForm form = WhiteningForm.Cholesky
    )
    {
        var sample = collected ?? new Collected();
        return WhitenedSvd.Factorize(La, w, method.Input(La, sample, form), method.Output(La, sample));
    }

    private sealed record Collected(Matrix? H = null, double[]? MeanAbsolute = null, Matrix? C = null, double[]? RowFisher = null)
        : IInputSample,
            IOutputSample
    {
        Matrix IInputSample.Gram() => H!;

        double[] IInputSample.MeanAbsolute() => MeanAbsolute!;

        Matrix IOutputSample.Gram() => C!;

        double[] IOutputSample.RowFisher() => RowFisher!;
    }

    private static Matrix Truncated(SpectralFactors factors, int rank) => Truncation.Keep(factors, rank).Product(La);

    [TestCase("wide"), TestCase("tall"), TestCase("singular")]
    public void Plain_svd_equals_the_golden_values(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var factors = Decompose(CompressionMethod.Svd, golden.Matrix("W"));
        AreClose(factors.Sigma, golden.Vector("svd.sigma"), SigmaTolerance);
        AreClose(Truncated(factors, golden.Integers("rank")[0]), golden.Matrix("svd.W"), WeightTolerance);
    }

    [TestCase("wide"), TestCase("tall"), TestCase("singular")]
    public void Activation_scaled_svd_equals_the_golden_values(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var x = golden.Matrix("X");
        var mean = new double[x.Columns];
        for (int t = 0; t < x.Rows; t++)
        for (int j = 0; j < mean.Length; j++)
            mean[j] += Math.Abs(x[t, j]) / x.Rows;
        var factors = Decompose(CompressionMethod.Asvd, golden.Matrix("W"), new(MeanAbsolute: mean));
        AreClose(Truncated(factors, golden.Integers("rank")[0]), golden.Matrix("asvd.W"), WeightTolerance);
    }

    [TestCase("wide"), TestCase("tall"), TestCase("singular")]
    public void Fisher_weighted_svd_equals_the_golden_values(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var factors = Decompose(CompressionMethod.Fwsvd, golden.Matrix("W"), new(RowFisher: golden.Vector("fwsvd.row_fisher")));
        AreClose(Truncated(factors, golden.Integers("rank")[0]), golden.Matrix("fwsvd.W"), WeightTolerance);
    }

    [TestCase("wide"), TestCase("tall")]
    public void Cholesky_whitening_equals_the_golden_values(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var factors = Decompose(CompressionMethod.Whiten, golden.Matrix("W"), new(H: golden.Matrix("H")));
        Assert.That(WhiteningFactor.Cholesky(La, golden.Matrix("H")).AddedJitter, Is.Zero);
        AreClose(factors.Sigma, golden.Vector("cholesky.sigma"), SigmaTolerance);
        AreClose(Truncated(factors, golden.Integers("rank")[0]), golden.Matrix("cholesky.W"), WeightTolerance);
    }

    [TestCase("wide"), TestCase("tall"), TestCase("singular")]
    public void Eigen_whitening_equals_the_golden_values(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var factors = Decompose(CompressionMethod.Whiten, golden.Matrix("W"), new(H: golden.Matrix("H")), WhiteningForm.Eigen);
        AreClose(factors.Sigma, golden.Vector("eigen.sigma"), SigmaTolerance);
        AreClose(Truncated(factors, golden.Integers("rank")[0]), golden.Matrix("eigen.W"), WeightTolerance);
    }

    [TestCase("wide"), TestCase("tall"), TestCase("singular")]
    public void Truncation_error_equals_the_dropped_singular_values(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var (w, h) = (golden.Matrix("W"), golden.Matrix("H"));
        var factors = Decompose(CompressionMethod.Whiten, w, new(H: h), WhiteningForm.Eigen);
        foreach (int rank in new[] { 1, golden.Integers("rank")[0], factors.Components })
        {
            double dropped = Truncation.Error(factors.Sigma, rank);
            Assert.That(Truncation.Error(La, w, Truncated(factors, rank), h), Is.EqualTo(dropped).Within(1e-6 * factors.Sigma[0]));
        }
        Assert.That(Truncation.Error(factors.Sigma, golden.Integers("rank")[0]), Is.EqualTo(golden.Vector("loss")[0]).Within(1e-5).Percent);
    }

    [Test]
    public void Cholesky_and_eigen_whitening_of_a_regular_gram_matrix_agree()
    {
        var (w, h) = (Gaussian(14, 9, 1), Gram(60, 9, 2));
        var cholesky = Decompose(CompressionMethod.Whiten, w, new(H: h));
        var eigen = Decompose(CompressionMethod.Whiten, w, new(H: h), WhiteningForm.Eigen);
        AreClose(eigen.Sigma, cholesky.Sigma, 1e-9);
        AreClose(Truncated(eigen, 4), Truncated(cholesky, 4), 1e-8);
    }

    [Test]
    public void Two_sided_truncation_error_in_its_metric_equals_the_dropped_singular_values()
    {
        var (w, h, c) = (Gaussian(12, 17, 3), Gram(80, 17, 4), Gram(80, 12, 5));
        var input = WhiteningFactor.Damped(La, h, 1e-3);
        var output = WhiteningFactor.Damped(La, c, 0.3);
        var factors = Decompose(CompressionMethod.Kfac, w, new(H: h, C: c));
        var difference = Truncation.Difference(w, Truncated(factors, 5));
        Assert.That(
            FrobeniusNorm(input.Whiten(output.WhitenRows(difference))),
            Is.EqualTo(Truncation.Error(factors.Sigma, 5)).Within(1e-9).Percent
        );
        AreClose(Truncated(factors, 12), w, 1e-9);
    }

    [Test]
    public void Two_sided_whitening_with_an_identity_output_is_one_sided_whitening()
    {
        var (w, h) = (Gaussian(8, 11, 6), Gram(50, 11, 7));
        var input = WhiteningFactor.Cholesky(La, h);
        var two = WhitenedSvd.Factorize(La, w, input, WhiteningFactor.Cholesky(La, Matrix.Identity(8)));
        AreClose(Truncated(two, 3), Truncated(WhitenedSvd.Factorize(La, w, input, null), 3), 1e-10);
    }

    [Test]
    public void Damping_keeps_the_mean_of_the_diagonal()
    {
        var h = Gram(50, 6, 8);
        var whitened = WhiteningFactor.Damped(La, h, 0.3).Whiten(Matrix.Identity(6));
        double trace = 0,
            expected = 0;
        foreach (double x in whitened.Data)
            trace += x * x;
        for (int i = 0; i < 6; i++)
            expected += h[i, i];
        Assert.That(trace, Is.EqualTo(expected).Within(1e-10).Percent);
    }

    [Test]
    public void Fewer_vectors_leave_all_singular_values()
    {
        var w = Gaussian(10, 20, 9);
        var all = Decompose(CompressionMethod.Svd, w);
        var few = WhitenedSvd.Factorize(La, w, null, null, 4);
        Assert.That(few.Sigma, Is.EqualTo(all.Sigma));
        Assert.That((few.Components, few.Left.Columns, few.Right.Columns), Is.EqualTo((4, 4, 20)));
        Assert.That(Truncated(few, 4).Data, Is.EqualTo(Truncated(all, 4).Data));
        Assert.That(() => Truncation.Keep(few, 5), Throws.ArgumentException);
    }

    [TestCase("zero"), TestCase("zero column"), TestCase("one token"), TestCase("slightly indefinite")]
    public void Cholesky_whitening_survives(string what)
    {
        const int n = 12;
        var h = what switch
        {
            "zero" => new Matrix(n, n),
            "one token" => Gram(1, n, 10),
            "slightly indefinite" => Gram(6, n, 10),
            _ => Gram(40, n, 10),
        };
        if (what == "zero column")
            for (int i = 0; i < n; i++)
                h[i, 3] = h[3, i] = 0;
        if (what == "slightly indefinite")
            for (int i = 0; i < n; i++)
                h[i, i] -= 1e-7 * h[0, 0];
        var w = Gaussian(7, n, 11);
        var input = WhiteningFactor.Cholesky(La, h);
        var factors = WhitenedSvd.Factorize(La, w, input, null);
        Assert.That(input.AddedJitter, Is.GreaterThan(0));
        // All components together are W again, whatever the whitening was.
        AreClose(Truncated(factors, 7), w, 1e-5);
    }

    [Test]
    public void A_gram_matrix_of_zeros_gives_the_plain_svd()
    {
        var w = Gaussian(6, 9, 12);
        AreClose(
            Truncated(Decompose(CompressionMethod.Whiten, w, new(H: new Matrix(9, 9))), 3),
            Truncated(Decompose(CompressionMethod.Svd, w), 3),
            1e-10
        );
        var none = Decompose(CompressionMethod.Whiten, w, new(H: new Matrix(9, 9)), WhiteningForm.Eigen);
        Assert.That(none.Sigma, Is.All.Zero);
        Assert.That(Truncated(none, 3).Data, Is.All.Zero);
    }

    [Test]
    public void Eigen_whitening_drops_the_directions_without_input()
    {
        var (w, h) = (Gaussian(10, 12, 13), Gram(5, 12, 14));
        var input = WhiteningFactor.Eigen(La, h);
        var factors = WhitenedSvd.Factorize(La, w, input, null);
        Assert.That(input.DroppedDirections, Is.EqualTo(7));
        Assert.That(factors.Components, Is.EqualTo(10));
        Assert.That(factors.Sigma[5..], Is.All.Zero);
        Assert.That(Truncation.Error(La, w, Truncated(factors, 5), h), Is.EqualTo(0).Within(1e-6 * factors.Sigma[0]));
    }

    [Test]
    public void A_scale_of_zero_leaves_finite_weights()
    {
        var w = Gaussian(5, 6, 15);
        var scale = new double[] { 1, 0, 2, 1, 0, 1 };
        AreClose(Truncated(Decompose(CompressionMethod.Asvd, w, new(MeanAbsolute: scale)), 5), w, 1e-6);
        AreClose(Truncated(Decompose(CompressionMethod.Fwsvd, w, new(RowFisher: scale[..5])), 5), w, 1e-6);
        AreClose(
            Truncated(Decompose(CompressionMethod.Asvd, w, new(MeanAbsolute: new double[6])), 2),
            Truncated(Decompose(CompressionMethod.Svd, w), 2),
            1e-10
        );
    }

    [TestCase(double.NaN), TestCase(double.PositiveInfinity)]
    public void A_number_that_is_not_finite_is_an_error(double bad)
    {
        var (w, h) = (Gaussian(5, 6, 16), Gram(20, 6, 17));
        w[4, 5] = bad;
        h[5, 2] = bad;
        Assert.That(() => Decompose(CompressionMethod.Svd, w), Throws.TypeOf<NumericalException>());
        Assert.That(() => WhiteningFactor.Cholesky(La, h), Throws.TypeOf<NumericalException>());
        Assert.That(() => WhiteningFactor.Damped(La, h, 0.1), Throws.TypeOf<NumericalException>());
        Assert.That(() => WhiteningFactor.Eigen(La, h), Throws.TypeOf<NumericalException>());
        Assert.That(
            () => Decompose(CompressionMethod.Asvd, Gaussian(5, 6, 16), new(MeanAbsolute: [1, 1, bad, 1, 1, 1])),
            Throws.TypeOf<NumericalException>()
        );
    }

    [Test]
    public void A_negative_definite_matrix_is_refused_instead_of_jittered()
    {
        var h = Matrix.Identity(3);
        for (int i = 0; i < 3; i++)
            h[i, i] = -1;
        Assert.That(() => WhiteningFactor.Cholesky(La, h), Throws.TypeOf<NumericalException>());
    }

    [TestCase("wide"), TestCase("tall"), TestCase("singular")]
    public void Factor_update_equals_the_golden_values(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var (b, w, h) = (golden.Matrix("update.B"), golden.Matrix("W"), golden.Matrix("update.H"));
        var a = FactorUpdate.LeftFactor(La, w, b, h);
        AreClose(a, golden.Matrix("update.A"), WeightTolerance);

        // It is the least-squares solution: moving A in any direction makes the error larger.
        double best = Truncation.Error(La, w, La.Multiply(a, b), h);
        for (int seed = 0; seed < 3; seed++)
        {
            var moved = Gaussian(a.Rows, a.Columns, seed);
            for (int i = 0; i < moved.Data.Length; i++)
                moved.Data[i] = a.Data[i] + 1e-2 * moved.Data[i];
            Assert.That(Truncation.Error(La, w, La.Multiply(moved, b), h), Is.GreaterThan(best));
        }
    }

    [TestCase("wide"), TestCase("tall")]
    public void Refitted_left_vectors_make_up_the_updated_factor(string name)
    {
        using var golden = new AlgorithmCase("whitening-" + name);
        var (w, h, updated) = (golden.Matrix("W"), golden.Matrix("H"), golden.Matrix("update.H"));
        int rank = golden.Integers("rank")[0];
        var factors = Decompose(CompressionMethod.Whiten, w, new(H: h));
        var refitted = Truncation.Keep(FactorUpdate.Refit(La, w, factors, rank, updated), rank);
        var b = Truncation.Keep(factors, rank).B;
        AreClose(refitted.B, b, 1e-12);
        AreClose(refitted.A, FactorUpdate.LeftFactor(La, w, b, updated), WeightTolerance);
    }

    [Test]
    public void Refitting_without_any_input_changes_nothing()
    {
        var factors = Decompose(CompressionMethod.Svd, Gaussian(8, 10, 1));
        var refitted = FactorUpdate.Refit(La, Gaussian(8, 10, 1), factors, 4, new Matrix(10, 10));
        Assert.That(refitted.Left.Data, Is.EqualTo(factors.Left.Data));
    }

    [Test]
    public void Factor_update_survives_a_component_that_the_surgeon_set_to_zero()
    {
        var (w, h) = (Gaussian(6, 8, 18), Gram(40, 8, 19));
        var factors = Decompose(CompressionMethod.Whiten, w, new(H: h));
        var b = Truncation.Keep(factors, [0, 1, 2], [factors.Sigma[0], 0, factors.Sigma[2]]).B;
        var a = FactorUpdate.LeftFactor(La, w, b, h);
        AreClose(La.Multiply(a, b), Truncation.Keep(factors, [0, 2], [factors.Sigma[0], factors.Sigma[2]]).Product(La), 1e-6);
    }

    [Test]
    public void Modules_that_are_decomposed_together_get_the_factors_of_each_alone()
    {
        var input = WhiteningFactor.Cholesky(La, Gram(40, 8, 19));
        WhiteningTask[] tasks =
        [
            new(Gaussian(6, 8, 20), input, null, 4),
            new(Gaussian(6, 8, 21), null, null, int.MaxValue),
            new(Gaussian(6, 8, 22), WhiteningFactor.Eigen(La, new Matrix(8, 8)), null, 3),
            new(Gaussian(6, 8, 23), input, WhiteningFactor.Cholesky(La, Gram(9, 6, 24)), 6),
        ];
        var together = WhitenedSvd.Factorize(La, tasks);
        for (int i = 0; i < tasks.Length; i++)
        {
            var alone = WhitenedSvd.Factorize(La, tasks[i].Weight, tasks[i].Input, tasks[i].Output, tasks[i].MaxComponents);
            Assert.That(together[i].Sigma, Is.EqualTo(alone.Sigma));
            Assert.That(together[i].Left.Data, Is.EqualTo(alone.Left.Data));
            Assert.That(together[i].Right.Data, Is.EqualTo(alone.Right.Data));
        }
    }
}
