using NUnit.Framework;
using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Refitting;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;
using static SvdSurgeon.Tests.Compression.Numbers;

namespace SvdSurgeon.Tests.Compression;

public sealed class NewtonStepTests
{
    private const int M = 7,
        N = 11;

    [Test]
    public void One_step_reaches_the_minimum_of_the_second_order_model_from_anywhere()
    {
        // L(W) = ½ tr(C (W − W₀) H (W − W₀)ᵀ) has the gradient C (W − W₀) H.
        Matrix h = Gram(40, N, 1),
            c = Gram(40, M, 2),
            minimum = Gaussian(M, N, 3),
            w = Gaussian(M, N, 4);
        var gradient = La.Multiply(La.Multiply(c, Truncation.Difference(w, minimum)), h);
        var (input, output) = (WhiteningFactor.Cholesky(La, h), WhiteningFactor.Cholesky(La, c));
        AreClose(Step(w, gradient, input, output, 1), minimum, 1e-7);
        var half = Step(w, gradient, input, output, 0.5);
        AreClose(Truncation.Difference(half, minimum), Truncation.Difference(w, half), 1e-7);
    }

    [Test]
    public void The_step_leaves_inputs_that_never_occur_alone()
    {
        var x = Gaussian(40, N, 5);
        for (int t = 0; t < x.Rows; t++)
            x[t, 3] = 0;
        Matrix h = La.Multiply(x, x, transposeA: true),
            c = Gram(40, M, 6),
            minimum = Gaussian(M, N, 7),
            w = Gaussian(M, N, 8);
        var gradient = La.Multiply(La.Multiply(c, Truncation.Difference(w, minimum)), h);
        var target = Step(w, gradient, WhiteningFactor.Damped(La, h, 1e-9), WhiteningFactor.Cholesky(La, c), 1);
        for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++)
            Assert.That(target[i, j], Is.EqualTo(j == 3 ? w[i, j] : minimum[i, j]).Within(1e-6), $"[{i}, {j}]");
    }

    [Test]
    public void Truncating_where_the_step_leads_is_best_in_the_second_order_model()
    {
        // Z − s·D is decomposed as it is: its components are those of W − s·C⁻¹GH⁻¹ in the metric of H and C.
        Matrix h = Gram(40, N, 15),
            c = Gram(40, M, 16),
            w = Gaussian(M, N, 17),
            gradient = Gaussian(M, N, 18);
        var (input, output) = (WhiteningFactor.Cholesky(La, h), WhiteningFactor.Cholesky(La, c));
        var stepped = Truncation.Difference(
            w,
            La.Multiply(PositiveDefinite.Solve(La, c, 0, gradient), PositiveDefinite.Solve(La, h, 0, Matrix.Identity(N)))
        );
        AreClose(
            Truncation.Keep(Decompose(w, gradient, input, output, 1), 3).Product(La),
            Truncation.Keep(WhitenedSvd.Factorize(La, stepped, input, output), 3).Product(La),
            1e-7
        );
    }

    [Test]
    public void A_gradient_is_whitened_as_the_derivative_by_whitened_weights()
    {
        // ⟨G, W⟩ is the same number in both coordinates: tr(Gᵀ W) = tr((S_g⁻¹ G S_x⁻ᵀ)ᵀ (S_gᵀ W S_x)).
        Matrix h = Gram(40, N, 9),
            c = Gram(40, M, 10),
            g = Gaussian(M, N, 11),
            w = Gaussian(M, N, 12);
        foreach (
            var (input, output) in new[]
            {
                (WhiteningFactor.Cholesky(La, h), WhiteningFactor.Cholesky(La, c)),
                (WhiteningFactor.Eigen(La, h), WhiteningFactor.Eigen(La, c)),
                (WhiteningFactor.Diagonal(Diagonal(h)), WhiteningFactor.Diagonal(Diagonal(c))),
            }
        )
            Assert.That(
                Inner(output.WhitenGradientRows(input.WhitenGradient(g)), output.WhitenRows(input.Whiten(w))),
                Is.EqualTo(Inner(g, w)).Within(1e-8)
            );
    }

    [Test]
    public void The_output_side_has_the_trace_of_the_dense_model()
    {
        Matrix dense = Gram(40, M, 13),
            divergence = Gram(40, M, 14);
        for (int i = 0; i < divergence.Data.Length; i++)
            divergence.Data[i] *= 1e-6;
        Assert.That(Diagonal(NewtonStep.OutputGram(dense, divergence)).Sum(), Is.EqualTo(Diagonal(dense).Sum()).Within(1e-9));
        Assert.That(
            Diagonal(NewtonStep.OutputGram(dense, new Matrix(M, M))).Sum(),
            Is.EqualTo(Diagonal(dense).Sum() / 2).Within(1e-9),
            "where nothing differs"
        );
    }

    private static SpectralFactors Decompose(Matrix w, Matrix gradient, WhiteningFactor input, WhiteningFactor output, double length)
    {
        var target = NewtonStep.Target(input.Whiten(output.WhitenRows(w)), NewtonStep.Direction(gradient, input, output), length);
        return WhitenedSvd.Factorize(La, [new WhiteningTask(target, input, output, int.MaxValue) { IsWhitened = true }])[0];
    }

    private static Matrix Step(Matrix w, Matrix gradient, WhiteningFactor input, WhiteningFactor output, double length) =>
        Truncation.Keep(Decompose(w, gradient, input, output, length), M).Product(La);

    private static double[] Diagonal(Matrix a) => [.. Enumerable.Range(0, a.Rows).Select(i => a[i, i])];

    private static double Inner(Matrix a, Matrix b) => a.Data.Zip(b.Data, (x, y) => x * y).Sum();
}
