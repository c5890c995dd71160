using NUnit.Framework;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Backends;
using SvdSurgeon.Tests.Models;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>
/// What each precision of the products costs against float64, on the simulator, which rounds inputs as tensor cores take them.
/// </summary>
[Category("Slow")]
public sealed class PrecisionTests
{
    // Rounding to p bits of fraction is an error of about 2^-(p+1)/√3 √(2/3) of a number in the mean of squares; two factors add in
    // squares.
    [TestCase(ProductPrecision.Float32, DType.F32, 1e-8, 1e-7)]
    [TestCase(ProductPrecision.TensorFloat32, DType.F32, 1e-4, 6e-4)]
    [TestCase(ProductPrecision.TensorFloat32, DType.BF16, 7e-5, 4e-4)]
    [TestCase(ProductPrecision.BFloat16, DType.BF16, 5e-4, 3e-3)]
    [TestCase(ProductPrecision.BFloat16, DType.F16, 7e-5, 4e-4)]
    public void A_product_errs_as_far_as_its_inputs_are_rounded(ProductPrecision precision, DType type, double least, double most)
    {
        const int tokens = 48,
            inner = 200,
            outer = 64;
        using var backend = CudaDevices.OpenSimulator(new CudaOptions { Precision = precision });
        var weight = StoredTensor.FromSingles("w", [outer, inner], RandomNumbers.Singles(1, outer * inner), type);
        float[] input = RandomNumbers.Singles(2, tokens * inner),
            stored = weight.ToSingles(),
            output = new float[tokens * outer];
        using var x = backend.Allocate(tokens, inner);
        using var y = backend.Allocate(tokens, outer);
        backend.Upload(input, x);
        backend.Linear(x, weight, null, y);
        backend.Download(y, output);
        double error = 0,
            norm = 0;
        for (int t = 0; t < tokens; t++)
        for (int i = 0; i < outer; i++)
        {
            double sum = 0;
            for (int j = 0; j < inner; j++)
                sum += (double)input[t * inner + j] * stored[i * inner + j];
            error += (output[t * outer + i] - sum) * (output[t * outer + i] - sum);
            norm += sum * sum;
        }
        double relative = Math.Sqrt(error / norm);
        TestContext.Out.WriteLine($"{precision}, weight {type}: {relative:E2}");
        Assert.That(relative, Is.InRange(least, most));
    }

    [TestCase(ProductPrecision.Float32, 1e-6, 1e-5), TestCase(ProductPrecision.TensorFloat32, 5e-4, 1e-2)]
    public void A_model_errs_with_its_products(ProductPrecision precision, double mostLoss, double mostGradient)
    {
        using var backend = CudaDevices.OpenSimulator(new CudaOptions { Precision = precision });
        using var golden = new GoldenModel("llama-gqa-tied");
        var (losses, visitor) = (new double[GoldenModel.Sequences], new RecordingVisitor(backend));
        ForwardBackward.Run(golden.Model, backend, golden.Ids, GoldenModel.SequenceLength, losses, visitor);
        double loss = Enumerable.Range(0, losses.Length).Max(s => Math.Abs(losses[s] / golden.Losses[s] - 1)),
            gradient = golden.Model.Linears.Max(module => GradientError(module, visitor, golden));
        TestContext.Out.WriteLine($"{precision}: loss {loss:E2}, gradient {gradient:E2}");
        Assert.That(loss, Is.LessThan(mostLoss));
        Assert.That(gradient, Is.LessThan(mostGradient));
        if (precision != ProductPrecision.Float32)
            Assert.That(gradient, Is.GreaterThan(1e-5), "inputs were rounded");
    }

    // The largest error of a module's first gradient, relative to its largest number.
    private static double GradientError(LinearModule module, RecordingVisitor visitor, GoldenModel golden)
    {
        var (x, dy) = visitor.Gradients[module.Name];
        float[] expected = golden.Values($"grad.0.{module.Name}");
        int m = module.OutFeatures,
            n = module.InFeatures;
        double worst = 0;
        for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
        {
            double sum = 0;
            for (int t = 0; t < GoldenModel.SequenceLength; t++)
                sum += (double)dy[t * m + i] * x[t * n + j];
            worst = Math.Max(worst, Math.Abs(sum - expected[i * n + j]));
        }
        return worst / expected.Max(Math.Abs);
    }
}
