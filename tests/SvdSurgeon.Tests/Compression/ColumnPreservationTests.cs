using NUnit.Framework;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Refitting;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

public sealed class ColumnPreservationTests
{
    private static ColumnPreservingFactors Store(ColumnPreservation columns, ColumnSplit split) =>
        columns.Store(split, Truncation.Keep(split.Factors, split.Rank));

    [TestCase("heavy"), TestCase("even")]
    public void Order_errors_choice_and_weights_equal_the_golden_values(string name)
    {
        using var golden = new AlgorithmCase("columns-" + name);
        var (w, h) = (golden.Matrix("W"), golden.Matrix("H"));
        int[] chosen = golden.Integers("chosen");
        var columns = new ColumnPreservation(La, w, h, chosen[0]);
        Assert.That(columns.Order, Is.EqualTo(golden.Integers("order")));
        double[] errors = golden.Vector("errors");
        for (int d = 0; d < errors.Length; d++)
            Assert.That(
                columns.Error(d, ColumnMode.Preserve),
                double.IsInfinity(errors[d]) ? Is.Positive.And.EqualTo(errors[d]) : Is.EqualTo(errors[d]).Within(1e-5).Percent,
                $"E({d})"
            );

        var split = columns.Choose(ColumnMode.Preserve);
        Assert.That((split.Traded, split.Columns.Length), Is.EqualTo((chosen[1], chosen[2])));
        Assert.That(split.Columns, Is.EqualTo(golden.Integers("columns")));
        AreClose(Store(columns, split).Product(La), golden.Matrix("result.W"), WeightTolerance);

        // The golden refit stands at the d that `preserve` chose.
        var refit = columns.Split(chosen[1], ColumnMode.Refit);
        AreClose(Store(columns, refit).Product(La), golden.Matrix("refit.W"), WeightTolerance);
        AreClose([split.PlainError, split.Error, refit.Error], golden.Vector("losses"), 1e-6);
    }

    [Test]
    public void The_stated_error_is_that_of_the_stored_matrix([Values] ColumnMode mode, [Values(0, 1, 2, 5, 8)] int traded)
    {
        var (w, h) = (Gaussian(20, 26, 1), Gram(70, 26, 2));
        var columns = new ColumnPreservation(La, w, h, 8);
        var split = columns.Split(traded, mode);
        var stored = Store(columns, split);
        Assert.That(Truncation.Error(La, w, stored.Product(La), h), Is.EqualTo(split.Error).Within(1e-6).Percent);
        Assert.That(stored.Columns, Has.Length.EqualTo(columns.ColumnCount(traded)));
        if (mode == ColumnMode.Preserve)
            Assert.That(stored.C.Data, Is.EqualTo(w.SelectColumns(stored.Columns).Data));
    }

    [TestCase(3), TestCase(4), TestCase(5)]
    public void Trading_ranks_for_columns_leaves_the_size_as_it_is(int traded)
    {
        var columns = new ColumnPreservation(La, Gaussian(30, 40, 3), Gram(90, 40, 4), 12);
        var stored = Store(columns, columns.Split(traded, ColumnMode.Preserve));
        // Rounding c moves at most half a column.
        Assert.That(stored.StoredNumbers - stored.Columns.Length, Is.EqualTo(RankBudget.StoredNumbers(30, 40, 12)).Within(15));
    }

    [Test]
    public void With_indices_counted_no_split_exceeds_the_budget([Range(1, 12)] int traded, [Values] ColumnMode mode)
    {
        var columns = new ColumnPreservation(La, Gaussian(30, 40, 3), Gram(90, 40, 4), 12, countIndices: true);
        var stored = Store(columns, columns.Split(traded, mode));
        Assert.That(
            stored.StoredNumbers,
            Is.LessThanOrEqualTo(RankBudget.StoredNumbers(30, 40, 12)).And.GreaterThan(RankBudget.StoredNumbers(30, 40, 12) - 31)
        );
    }

    [Test]
    public void Refit_is_never_worse_than_preserve([Range(0, 7)] int seed)
    {
        var w = Gaussian(12 + seed, 20, seed);
        var h = Gram(60, 20, seed + 50);
        var columns = new ColumnPreservation(La, w, h, 4 + seed % 3);
        for (int d = 1; d <= columns.Rank; d++)
            if (columns.ColumnCount(d) <= 20)
                Assert.That(
                    columns.Error(d, ColumnMode.Refit),
                    Is.LessThanOrEqualTo(columns.Error(d, ColumnMode.Preserve) * (1 + 1e-9)),
                    $"d = {d}"
                );
        Assert.That(columns.Choose(ColumnMode.Refit).Error, Is.LessThanOrEqualTo(columns.Choose(ColumnMode.Preserve).Error));
        Assert.That(columns.Choose(ColumnMode.Preserve).Error, Is.LessThanOrEqualTo(columns.PlainError));
    }

    [TestCase("heavy"), TestCase("even")]
    public void Refit_is_never_worse_than_preserve_in_the_golden_cases_and_searches_with_its_own_error(string name)
    {
        using var golden = new AlgorithmCase("columns-" + name);
        AssertRefitIsNeverWorse(golden.Matrix("W"), golden.Matrix("H"), golden.Integers("chosen")[0], null, false);
    }

    [Test]
    public void Refit_is_never_worse_than_preserve_in_the_stored_error_of_either_metric(
        [Range(0, 11)] int seed,
        [Values] bool twoSided,
        [Values] bool countIndices
    )
    {
        var random = new Random(seed);
        int m = random.Next(8, 28),
            n = random.Next(8, 28),
            largest = (m * n - 1) / (m + n);
        // Columns of very different weight, so that keeping some is worth it.
        var h = Gram(3 * n, n, seed + 200);
        for (int j = 0; j < n; j += 5)
        for (int i = 0; i < n; i++)
        {
            h[i, j] *= 5;
            h[j, i] *= 5;
        }
        var output = twoSided ? WhiteningFactor.Damped(La, Gram(4 * m, m, seed + 300), TwoSidedWhitening.OutputDamping) : null;
        if (twoSided)
            h = WhitenedSvd.Damp(h, TwoSidedWhitening.InputDamping);
        AssertRefitIsNeverWorse(Gaussian(m, n, seed + 100), h, random.Next(1, largest + 1), output, countIndices);
    }

    private static void AssertRefitIsNeverWorse(Matrix w, Matrix h, int rank, WhiteningFactor? output, bool countIndices)
    {
        var columns = new ColumnPreservation(La, w, h, rank, output: output, countIndices: countIndices);
        var (preserve, refit) = (columns.Choose(ColumnMode.Preserve), columns.Choose(ColumnMode.Refit));
        // What is chosen, measured on what is stored.
        double kept = StoredError(preserve),
            refitted = StoredError(refit);
        Assert.That(refitted, Is.LessThanOrEqualTo(kept * (1 + 1e-6)), $"d = {refit.Traded} against {preserve.Traded}");
        Assert.That(kept, Is.LessThanOrEqualTo(columns.PlainError * (1 + 1e-6)));
        // Its own error decides: what preserve would choose is no better for it, whatever d that is.
        Assert.That(refit.Error, Is.EqualTo(refitted).Within(1e-5).Percent.Or.EqualTo(refitted).Within(1e-6 * columns.PlainError));
        if (preserve.Traded > 0)
            Assert.That(refit.Error, Is.LessThanOrEqualTo(columns.Error(preserve.Traded, ColumnMode.Refit) * (1 + 1e-9)));
        for (int d = 1; d <= rank; d++)
            if (columns.ColumnCount(d) <= w.Columns)
                Assert.That(
                    columns.Error(d, ColumnMode.Refit),
                    Is.LessThanOrEqualTo(columns.Error(d, ColumnMode.Preserve) * (1 + 1e-6) + 1e-6 * columns.PlainError),
                    $"d = {d}"
                );

        double StoredError(ColumnSplit split)
        {
            var difference = Truncation.Difference(w, Store(columns, split).Product(La));
            return Truncation.Error(La, output is null ? difference : output.WhitenRows(difference), new Matrix(w.Rows, w.Columns), h);
        }
    }

    [Test]
    public void Refitted_columns_are_the_least_squares_solution()
    {
        var (w, h) = (Gaussian(10, 14, 5), Gram(50, 14, 6));
        var columns = new ColumnPreservation(La, w, h, 4);
        var stored = Store(columns, columns.Split(1, ColumnMode.Refit));
        // (W − W')H vanishes in the kept columns.
        var residual = La.Multiply(Truncation.Difference(w, stored.Product(La)), h);
        foreach (int c in stored.Columns)
            for (int i = 0; i < 10; i++)
                Assert.That(residual[i, c], Is.EqualTo(0).Within(1e-7 * h[0, 0]));
    }

    [Test]
    public void Moving_a_singular_value_moves_the_stored_matrix_along_its_component([Values] ColumnMode mode)
    {
        var (w, h) = (Gaussian(10, 14, 7), Gram(50, 14, 8));
        var columns = new ColumnPreservation(La, w, h, 4);
        var split = columns.Split(1, mode);
        var sigma = split.Factors.Sigma[..split.Rank];
        var before = columns.Store(split, Truncation.Keep(split.Factors, Truncation.FirstIndices(split.Rank), sigma)).Product(La);
        sigma[1] += 0.5;
        var after = columns.Store(split, Truncation.Keep(split.Factors, Truncation.FirstIndices(split.Rank), sigma)).Product(La);
        var all = split.OverAllColumns(La);
        var component = La.Multiply(all.Left.ColumnRange(1, 1), all.Right.RowRange(1, 1));
        foreach (ref double v in component.Data.AsSpan())
            v *= 0.5;
        AreClose(Truncation.Difference(after, before), component, 1e-9);
    }

    [Test]
    public void In_the_two_sided_metric_the_error_is_that_of_the_stored_matrix([Values] ColumnMode mode)
    {
        var (w, c) = (Gaussian(15, 18, 9), Gram(60, 15, 11));
        var h = WhitenedSvd.Damp(Gram(60, 18, 10), TwoSidedWhitening.InputDamping);
        var output = WhiteningFactor.Damped(La, c, TwoSidedWhitening.OutputDamping);
        var columns = new ColumnPreservation(La, w, h, 6, output: output);
        var split = columns.Split(2, mode);
        var difference = output.WhitenRows(Truncation.Difference(w, Store(columns, split).Product(La)));
        Assert.That(Truncation.Error(La, difference, new Matrix(15, 18), h), Is.EqualTo(split.Error).Within(1e-7).Percent);
    }

    [Test]
    public void Columns_without_input_are_kept_last_and_a_singular_gram_matrix_is_no_obstacle([Values] ColumnMode mode)
    {
        var h = Gram(6, 16, 12);
        for (int i = 0; i < 16; i++)
            h[i, 4] = h[4, i] = 0;
        var w = Gaussian(10, 16, 13);
        var columns = new ColumnPreservation(La, w, h, 3);
        Assert.That(columns.Order[^1], Is.EqualTo(4));
        var stored = Store(columns, columns.Choose(mode)).Product(La);
        Assert.That(stored.Data, Has.All.Matches<double>(double.IsFinite));
        Assert.That(Truncation.Error(La, w, stored, h), Is.LessThanOrEqualTo(columns.PlainError * (1 + 1e-4)));
    }

    [Test]
    public void A_module_that_stays_dense_has_nothing_to_trade() =>
        Assert.That(() => new ColumnPreservation(La, Gaussian(6, 6, 14), Gram(20, 6, 15), 3), Throws.TypeOf<InvalidInputException>());

    [Test]
    public void Sequential_target_is_the_regularised_least_squares_solution()
    {
        var (dense, compressed, w) = (Gaussian(60, 9, 16), Gaussian(60, 9, 17), Gaussian(5, 9, 18));
        for (int i = 0; i < dense.Data.Length; i++)
            compressed.Data[i] = dense.Data[i] + 0.3 * compressed.Data[i];
        var cross = La.Multiply(dense, compressed, transposeA: true);
        var gram = La.Multiply(compressed, compressed, transposeA: true);
        var target = SequentialTarget.Weights(La, w, cross, gram, 1, damping: 0);
        // The residual X_f Wᵀ − X_c W̃ᵀ is orthogonal to X_c.
        var residual = Truncation.Difference(La.Multiply(dense, w, transposeB: true), La.Multiply(compressed, target, transposeB: true));
        var projection = La.Multiply(residual, compressed, transposeA: true);
        Assert.That(FrobeniusNorm(projection), Is.EqualTo(0).Within(1e-9 * FrobeniusNorm(La.Multiply(w, gram))));

        Assert.That(SequentialTarget.Weights(La, w, cross, gram, 0).Data, Is.EqualTo(w.Data));
        var half = SequentialTarget.Weights(La, w, cross, gram, 0.5, damping: 0);
        for (int i = 0; i < half.Data.Length; i++)
            Assert.That(half.Data[i], Is.EqualTo(0.5 * (w.Data[i] + target.Data[i])).Within(1e-12));
        AreClose(SequentialTarget.Weights(La, w, gram, gram, 1), w, 1e-14);
        Assert.That(SequentialTarget.Weights(La, w, new Matrix(9, 9), new Matrix(9, 9), 1).Data, Has.All.Matches<double>(double.IsFinite));
    }

    [Test]
    public void Bias_correction_keeps_the_mean_output()
    {
        var (w, other) = (Gaussian(4, 6, 19), Gaussian(4, 6, 20));
        double[] mean = [1, -2, 0.5, 0, 3, 1],
            bias = [1, 2, 3, 4];
        var corrected = BiasCorrection.Correct(bias, w, other, mean);
        for (int i = 0; i < 4; i++)
        {
            double expected = bias[i],
                actual = corrected[i];
            for (int j = 0; j < 6; j++)
                (expected, actual) = (expected + w[i, j] * mean[j], actual + other[i, j] * mean[j]);
            Assert.That(actual, Is.EqualTo(expected).Within(1e-12));
        }
        Assert.That(BiasCorrection.Correct([], w, w, mean), Is.All.Zero);
    }
}
