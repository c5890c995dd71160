using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Quantization;

namespace SvdSurgeon.Tests.Quantization;

/// <summary>Scales, error feedback and signed steps against plain references.</summary>
[TestFixture]
public sealed class RoundingTests
{
    private const int Rows = 11,
        Columns = 64;

    [Test]
    public void The_inverse_factor_multiplies_to_the_inverse_in_its_order()
    {
        using var backend = new CpuBackend(1);
        var h = Gram(Columns, 200, seed: 1);
        var factor = InverseFactor.Of(backend.LinearAlgebra, h, 0.01);
        double mean = Enumerable.Range(0, Columns).Average(j => h[j, j]);
        var product = backend.LinearAlgebra.Multiply(factor.Upper, factor.Upper, transposeA: true);
        for (int i = 0; i < Columns; i++)
        for (int j = 0; j < Columns; j++)
        {
            double sum = 0;
            for (int k = 0; k < Columns; k++)
                sum += (h[factor.Order[i], factor.Order[k]] + (i == k ? 0.01 * mean : 0)) * product[k, j];
            Assert.That(sum, Is.EqualTo(i == j ? 1 : 0).Within(1e-8));
        }
        for (int j = 1; j < Columns; j++)
            Assert.That(h[factor.Order[j], factor.Order[j]], Is.LessThanOrEqualTo(h[factor.Order[j - 1], factor.Order[j - 1]]));
    }

    // The reference recomputes, column after column, the least-squares answer of all columns still free: what GPTQ's factor gives at once.
    [TestCase(2), TestCase(4)]
    public void Error_feedback_answers_each_error_with_the_best_change_of_the_columns_to_come(int bits)
    {
        using var backend = new CpuBackend(2);
        var la = backend.LinearAlgebra;
        var h = Gram(Columns, 100, seed: 2);
        var w = Normal(Rows, Columns, seed: 3);
        const double damping = 0.02;
        var factor = InverseFactor.Of(la, h, damping);
        var result = WithScales(w, h, bits);
        var positions = new float[Rows * Columns];
        double[] losses = ErrorFeedback.Round(la, w, factor, result, positions);

        double mean = Enumerable.Range(0, Columns).Average(j => h[j, j]);
        var damped = h.Clone();
        for (int j = 0; j < Columns; j++)
            damped[j, j] += damping * mean;
        for (int i = 0; i < Rows; i++)
        {
            var error = new double[Columns];
            for (int step = 0; step < Columns; step++)
            {
                int column = factor.Order[step];
                int[] free = factor.Order[step..];
                // With the errors of the columns before fixed, the free ones' best change is −H_ff⁻¹ H_fd e_d.
                var right = new double[free.Length];
                for (int a = 0; a < free.Length; a++)
                for (int d = 0; d < step; d++)
                    right[a] -= damped[free[a], factor.Order[d]] * error[factor.Order[d]];
                double value = w[i, column] + Solve(damped, free, right)[0],
                    scale = (double)result.Scales[i * result.GroupsPerRow + column / 32];
                Assert.That(positions[i * Columns + column], Is.EqualTo(value / scale).Within(1e-4));
                double q = Math.Clamp(Math.Round(value / scale), result.Grid.Least, result.Grid.Most);
                Assert.That(result.Codes[i * Columns + column], Is.EqualTo((sbyte)q));
                error[column] = scale * q - w[i, column];
            }
            Assert.That(losses[i], Is.EqualTo(Quadratic(error, damped)).Within(1e-6 * losses[i]));
        }
    }

    [Test]
    public void Error_feedback_loses_less_than_rounding_to_the_nearest([Range(2, 5)] int bits)
    {
        using var backend = new CpuBackend(1);
        var la = backend.LinearAlgebra;
        var h = Gram(Columns, 100, seed: 4);
        var w = Normal(Rows, Columns, seed: 5);
        var (fed, nearest) = (WithScales(w, h, bits), WithScales(w, h, bits));
        ErrorFeedback.Round(la, w, InverseFactor.Of(la, h, 0.01), fed);
        Nearest.Round(la, w, nearest, null);
        Assert.That(Loss(w, fed, h), Is.LessThan(0.8 * Loss(w, nearest, h)));
    }

    [Test]
    public void A_scale_is_as_good_as_the_best_of_a_thousand([Range(2, 8)] int bits, [Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var grid = new IntegerGrid(bits, 32);
        float[] w =
        [
            .. Enumerable.Range(0, 32).Select(_ => (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)),
        ];
        float[] h = [.. Enumerable.Range(0, 32).Select(_ => (float)random.NextDouble())];
        double best = double.MaxValue;
        for (int i = 1; i <= 1000; i++)
            foreach (int sign in (int[])[-1, 1])
                best = Math.Min(best, Error(grid, w, h, sign * 2.0 * i / 1000 * w.Max(Math.Abs) / grid.Most));
        Assert.That(Error(grid, w, h, (double)ScaleSearch.Best(grid, w, h)), Is.LessThan(best * 1.25 + 1e-12));
    }

    [Test]
    public void A_group_of_zeros_has_the_scale_zero_and_one_beyond_fp16_is_refused()
    {
        var grid = new IntegerGrid(4, 32);
        var weights = new float[32];
        Assert.That(ScaleSearch.Best(grid, new float[32], weights), Is.EqualTo(Half.Zero));
        weights.AsSpan().Fill(1);
        Assert.That(() => ScaleSearch.Best(grid, [.. Enumerable.Repeat(1e7f, 32)], weights), Throws.TypeOf<NumericalException>());
    }

    [Test]
    public void Signed_steps_move_integers_and_scales_against_the_gradient_and_the_tensor_follows()
    {
        var matrix = GridTests.Random(new IntegerGrid(4, 32), 1, 32, seed: 7);
        matrix.Scales[0] = (Half)0.5;
        float[] positions = [.. matrix.Codes.Select(q => (float)q)];
        sbyte[] before = [.. matrix.Codes];
        var trained = new TrainedMatrix("w", matrix, positions);
        // Down the gradient of ½‖W − target‖², the target one step above every number.
        trained.Momentum.AsSpan().Fill(-0.5f);
        for (int step = 0; step < 10; step++)
            trained.Step(0.1f, 0);
        for (int j = 0; j < 32; j++)
            Assert.That(matrix.Codes[j], Is.EqualTo(Math.Min(before[j] + 1, 7)).Or.EqualTo(before[j]), $"{j}");
        Assert.That(matrix.Codes.Zip(before).Count(c => c.First > c.Second), Is.GreaterThan(16));
        var values = new float[32];
        matrix.Dequantize(values);
        Assert.That(trained.Tensor.ToSingles(), Is.EqualTo(values));
        int along = matrix.Codes.Sum(q => q);
        trained.Step(0, 0.1f);
        Assert.That((double)matrix.Scales[0], Is.EqualTo(0.5 * (1 + 0.1 * Math.Sign(along))).Within(1e-3));
    }

    private static double Error(IntegerGrid grid, float[] w, float[] h, double scale)
    {
        double sum = 0;
        for (int j = 0; j < w.Length; j++)
        {
            double e = w[j] - scale * Math.Clamp(Math.Round(w[j] / scale), grid.Least, grid.Most);
            sum += h[j] * e * e;
        }
        return sum;
    }

    private static QuantizedMatrix WithScales(Matrix w, Matrix h, int bits)
    {
        var result = new QuantizedMatrix(new IntegerGrid(bits, 32), w.Rows, w.Columns);
        float[] weights = [.. Enumerable.Range(0, w.Columns).Select(j => (float)h[j, j])];
        for (int i = 0; i < w.Rows; i++)
        for (int g = 0; g < result.GroupsPerRow; g++)
        {
            float[] group = [.. Enumerable.Range(32 * g, 32).Select(j => (float)w[i, j])];
            result.Scales[i * result.GroupsPerRow + g] = ScaleSearch.Best(result.Grid, group, weights.AsSpan(32 * g, 32));
        }
        return result;
    }

    private static double Loss(Matrix w, QuantizedMatrix q, Matrix h)
    {
        var rounded = q.ToMatrix();
        double sum = 0;
        for (int i = 0; i < w.Rows; i++)
            sum += Quadratic([.. Enumerable.Range(0, w.Columns).Select(j => rounded[i, j] - w[i, j])], h);
        return sum;
    }

    private static double Quadratic(double[] e, Matrix h)
    {
        double sum = 0;
        for (int i = 0; i < e.Length; i++)
        for (int j = 0; j < e.Length; j++)
            sum += e[i] * h[i, j] * e[j];
        return sum;
    }

    // Gaussian elimination of the free columns' part of H; positive definite, so that no pivoting is needed.
    private static double[] Solve(Matrix h, int[] free, double[] right)
    {
        int n = free.Length;
        var a = new double[n, n];
        double[] x = [.. right];
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            a[i, j] = h[free[i], free[j]];
        for (int k = 0; k < n; k++)
        for (int i = k + 1; i < n; i++)
        {
            double f = a[i, k] / a[k, k];
            for (int j = k; j < n; j++)
                a[i, j] -= f * a[k, j];
            x[i] -= f * x[k];
        }
        for (int k = n - 1; k >= 0; k--)
        {
            for (int j = k + 1; j < n; j++)
                x[k] -= a[k, j] * x[j];
            x[k] /= a[k, k];
        }
        return x;
    }

    private static Matrix Normal(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var m = new Matrix(rows, columns);
        for (int i = 0; i < m.Data.Length; i++)
            m.Data[i] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return m;
    }

    // Inputs that share a common part, as those of a model do.
    private static Matrix Gram(int n, int tokens, int seed)
    {
        var x = Normal(tokens, n, seed);
        for (int t = 0; t < tokens; t++)
        for (int j = 1; j < n; j++)
            x[t, j] += 0.8 * x[t, j - 1];
        var h = new Matrix(n, n);
        for (int t = 0; t < tokens; t++)
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            h[i, j] += x[t, i] * x[t, j];
        return h;
    }
}
