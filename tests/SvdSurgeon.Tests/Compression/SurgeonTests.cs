using NUnit.Framework;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

internal sealed class SurgeonTests
{
    private static SurgeonOptions Options(string tag) =>
        tag switch
        {
            "update" => new SurgeonOptions(),
            "update-half" => new SurgeonOptions { Scale = 0.5 },
            "select" => new SurgeonOptions { Selection = ComponentSelection.Saliency, SelectionDamping = 0.1 },
            "select-hd1" => new SurgeonOptions { Selection = ComponentSelection.Saliency, SelectionDamping = 1 },
            _ => throw new ArgumentException(tag),
        } with
        {
            PoolFraction = 0.4,
        };

    private static SpectralFisher Fisher(Matrix gradients)
    {
        var fisher = new SpectralFisher(La, gradients.Columns);
        fisher.Add(gradients.Data);
        return fisher;
    }

    private static double[] Descending(int count, int seed)
    {
        var random = new Random(seed);
        var sigma = new double[count];
        for (int i = 0; i < count; i++)
            sigma[i] = 0.1 + 5 * random.NextDouble();
        Array.Sort(sigma);
        Array.Reverse(sigma);
        return sigma;
    }

    [Test]
    public void Selection_and_compensation_equal_the_golden_values(
        [Values("many", "few")] string name,
        [Values("update", "update-half", "select", "select-hd1")] string tag
    )
    {
        using var golden = new AlgorithmCase("surgeon-" + name);
        var factors = WhitenedSvd.Factorize(
            La,
            golden.Matrix("W"),
            WhiteningFactor.Cholesky(La, golden.Matrix("H")),
            null,
            golden.Integers("rank")[1]
        );
        AreClose(factors.Sigma, golden.Vector("sigma"), SigmaTolerance);
        var result = Surgeon.Operate(La, factors.Sigma, Fisher(golden.Matrix("gbar")), golden.Integers("rank")[0], Options(tag));
        Assert.That(result.Kept, Is.EqualTo(golden.Integers(tag + ".keep")));
        AreClose(result.Sigma, golden.Vector(tag + ".sigma"), SigmaTolerance);
        AreClose(Truncation.Keep(factors, result.Kept, result.Sigma).Product(La), golden.Matrix(tag + ".W"), WeightTolerance);
    }

    [Test]
    public void The_gradients_and_the_matrix_give_the_same_result(
        [Values(1, 4, 11)] int samples,
        [Values] ComponentSelection selection,
        [Values] Shrinkage shrinkage,
        [Values(0, 0.5)] double firstOrder
    )
    {
        const int k = 12,
            r = 6;
        var gradients = Gaussian(samples, k, 1);
        var sum = new double[k];
        for (int b = 0; b < samples; b++)
        for (int i = 0; i < k; i++)
            sum[i] += gradients[b, i];
        var options = new SurgeonOptions
        {
            Selection = selection,
            FirstOrderWeight = firstOrder,
            PoolFraction = 1,
            Damping = 1e-3,
        };
        var sigma = Descending(k, 2);
        var held = Fisher(gradients).Pool(k, shrinkage);
        var full = FisherPool.FromMatrix(La, held.ToMatrix(), samples, sum);
        Assert.That(held.HoldsGradients, Is.EqualTo(held.ShrinkageIntensity < 1));

        AreClose(Surgeon.Saliencies(La, sigma, held, 0.1), Surgeon.Saliencies(La, sigma, full, 0.1), 1e-9);
        var kept = Surgeon.SelectBySaliency(La, sigma, held, r, 0.1);
        Assert.That(Surgeon.SelectBySaliency(La, sigma, full, r, 0.1), Is.EqualTo(kept));
        // The damping follows the diagonal of H̄, its ridge included, in both forms.
        AreClose(Surgeon.Correction(La, sigma, held, kept, options), Surgeon.Correction(La, sigma, full, kept, options), 1e-8);
        var corrected = Surgeon.Compensate(La, sigma, held, kept, options);
        double before = Surgeon.PredictedLoss(sigma, full, kept, kept.Select(i => sigma[i]).ToArray());
        Assert.That(
            Surgeon.PredictedLoss(sigma, held, kept, corrected),
            Is.EqualTo(Surgeon.PredictedLoss(sigma, full, kept, corrected)).Within(1e-9 * before)
        );
    }

    [TestCase(0.0), TestCase(0.7)]
    public void Compensation_is_the_minimiser(double firstOrder)
    {
        const int k = 9,
            r = 5;
        var gradients = Gaussian(40, k, 3);
        var sigma = Descending(k, 4);
        var pool = Fisher(gradients).Pool(k);
        int[] kept = [0, 1, 3, 4, 7];
        var delta = Surgeon.Correction(La, sigma, pool, kept, new SurgeonOptions { Damping = 0, FirstOrderWeight = firstOrder });

        // The gradient H̄δ + w·Σḡ vanishes for every kept component.
        var all = new double[k];
        for (int i = 0; i < k; i++)
            all[i] = -sigma[i];
        for (int i = 0; i < r; i++)
            all[kept[i]] = delta[i];
        var gradient = La.Multiply(pool.ToMatrix(), new Matrix(k, 1, all));
        foreach (int s in kept)
        {
            double sum = 0;
            for (int b = 0; b < 40; b++)
                sum += gradients[b, s];
            Assert.That(gradient[s, 0] + firstOrder * sum, Is.Zero.Within(1e-9));
        }
    }

    [Test]
    public void Predicted_loss_is_the_schur_complement_for_every_rank()
    {
        const int k = 8;
        var sigma = Descending(k, 5);
        var pool = Fisher(Gaussian(30, k, 6)).Pool(k);
        var losses = Surgeon.PredictedLosses(La, sigma, pool, 0);
        Assert.That(losses, Has.Length.EqualTo(k + 1));
        Assert.That(losses[k], Is.Zero);
        for (int r = 1; r < k; r++)
        {
            var kept = Truncation.FirstIndices(r);
            var delta = Surgeon.Correction(La, sigma, pool, kept, new SurgeonOptions { Damping = 0 });
            for (int i = 0; i < r; i++)
                delta[i] += sigma[i];
            Assert.That(losses[r], Is.EqualTo(Surgeon.PredictedLoss(sigma, pool, kept, delta)).Within(1e-8).Percent);
            Assert.That(losses[r], Is.LessThan(Surgeon.PredictedLoss(sigma, pool, kept, sigma.AsSpan(0, r))));
        }
    }

    [Test]
    public void Saliency_is_the_loss_of_dropping_one_component_after_compensation()
    {
        const int k = 7;
        var sigma = Descending(k, 7);
        var pool = Fisher(Gaussian(25, k, 8)).Pool(k);
        var saliencies = Surgeon.Saliencies(La, sigma, pool, 0);
        for (int dropped = 0; dropped < k; dropped++)
        {
            var kept = Enumerable.Range(0, k).Where(i => i != dropped).ToArray();
            var delta = Surgeon.Correction(La, sigma, pool, kept, new SurgeonOptions { Damping = 0 });
            for (int i = 0; i < delta.Length; i++)
                delta[i] += sigma[kept[i]];
            Assert.That(0.5 * saliencies[dropped], Is.EqualTo(Surgeon.PredictedLoss(sigma, pool, kept, delta)).Within(1e-8).Percent);
        }
    }

    [Test]
    public void A_fisher_of_zeros_selects_by_magnitude_and_corrects_nothing([Values(3, 20)] int samples)
    {
        var sigma = Descending(10, 9);
        foreach (var shrinkage in Enum.GetValues<Shrinkage>())
        {
            var options = new SurgeonOptions
            {
                Selection = ComponentSelection.Saliency,
                PoolFraction = 1,
                Shrinkage = shrinkage,
            };
            var result = Surgeon.Operate(La, sigma, Fisher(new Matrix(samples, 10)), 4, options);
            Assert.That(result.Kept, Is.EqualTo(new[] { 0, 1, 2, 3 }));
            Assert.That(result.Sigma, Is.EqualTo(sigma[..4]));
            Assert.That((result.LossWith, result.LossWithout), Is.EqualTo((0, 0)));
        }
    }

    [Test]
    public void Equal_saliencies_keep_the_smaller_index()
    {
        var pool = FisherPool.FromMatrix(La, Matrix.Identity(5));
        Assert.That(Surgeon.SelectBySaliency(La, [2, 2, 2, 2, 2], pool, 3, 0.1), Is.EqualTo(new[] { 0, 1, 2 }));
    }

    [Test]
    public void Components_without_loss_are_dropped_first_when_selection_is_not_damped()
    {
        var h = Matrix.Identity(4);
        h[0, 0] = 0;
        Assert.That(Surgeon.SelectBySaliency(La, [9, 3, 2, 1], FisherPool.FromMatrix(La, h), 3, 0), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public void An_undamped_singular_fisher_gives_the_finite_minimum_norm_correction([Values(2, 30)] int samples)
    {
        var gradients = Gaussian(samples, 8, 10);
        for (int b = 0; b < samples; b++)
            gradients[b, 1] = gradients[b, 0];
        var sigma = Descending(8, 11);
        var corrected = Surgeon.Compensate(La, sigma, Fisher(gradients).Pool(8), [0, 1, 2, 3], new SurgeonOptions { Damping = 0 });
        // The two equal gradients share the correction equally.
        Assert.That(corrected[1] - sigma[1], Is.EqualTo(corrected[0] - sigma[0]).Within(1e-6));
    }

    [Test]
    public void A_pool_of_exactly_the_rank_changes_nothing([Values] ComponentSelection selection)
    {
        var sigma = Descending(10, 12);
        var result = Surgeon.Operate(
            La,
            sigma,
            Fisher(Gaussian(20, 10, 13)),
            6,
            new SurgeonOptions { Selection = selection, PoolFraction = 0 }
        );
        Assert.That(result.Kept, Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That(result.Sigma, Is.EqualTo(sigma[..6]));
    }

    [Test]
    public void Keeping_all_components_changes_nothing()
    {
        var sigma = Descending(10, 14);
        var result = Surgeon.Operate(
            La,
            sigma,
            Fisher(Gaussian(3, 10, 15)),
            10,
            new SurgeonOptions { Selection = ComponentSelection.Saliency }
        );
        Assert.That(result.Sigma, Is.EqualTo(sigma));
        Assert.That(result.LossWith, Is.Zero);
    }

    [Test]
    public void Singular_values_of_zero_stay_at_or_above_zero()
    {
        double[] sigma = [3, 1, 0, 0, 0, 0];
        var result = Surgeon.Operate(La, sigma, Fisher(Gaussian(12, 6, 16)), 3, new SurgeonOptions { PoolFraction = 1 });
        Assert.That(result.Sigma, Is.EqualTo(new[] { 3.0, 1, 0 }));
    }

    [Test]
    public void Corrected_values_below_zero_are_set_to_zero()
    {
        // H̄ with a strong positive coupling of 0 and 2: dropping 2 asks for more of 0; a negative one for less.
        var h = Matrix.Identity(3);
        h[0, 2] = h[2, 0] = -0.9;
        var corrected = Surgeon.Compensate(
            La,
            [0.5, 0.4, 0.3],
            FisherPool.FromMatrix(La, h),
            [0, 1],
            new SurgeonOptions { Damping = 0, Scale = 4 }
        );
        Assert.That(corrected[0], Is.Zero);
        Assert.That(corrected[1], Is.EqualTo(0.4));
    }

    [Test]
    public void A_fisher_of_too_few_components_is_refused() =>
        Assert.That(
            () => Surgeon.Operate(La, Descending(10, 17), Fisher(Gaussian(4, 5, 18)), 6, new SurgeonOptions()),
            Throws.TypeOf<InvalidInputException>().With.Message.Contains("collect it again")
        );
}
