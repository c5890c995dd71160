using NUnit.Framework;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Statistics;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Backends;
using SvdSurgeon.Tests.Models;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>A model that is larger than its budget on the device gives the same numbers; one that fits is uploaded once.</summary>
public sealed class WeightStreamingTests
{
    private const int Width = 16,
        Layers = 6,
        Passes = 3;
    private const int WeightBytes = Width * Width * 2;

    [Test]
    public void Weights_that_fit_are_uploaded_once()
    {
        using var backend = CudaDevices.OpenSimulator();
        Run(backend, Passes);
        Assert.That(backend.WeightUploads, Is.EqualTo(Layers));
    }

    [TestCase(1), TestCase(2), TestCase(4)]
    public void Weights_that_do_not_fit_are_streamed_with_the_same_result(int fitting)
    {
        using var all = CudaDevices.OpenSimulator();
        using var few = CudaDevices.OpenSimulator(new CudaOptions { WeightBytes = fitting * WeightBytes });
        Assert.That(Run(few, Passes), Is.EqualTo(Run(all, Passes)));
        Assert.That(few.WeightUploads, Is.GreaterThan(Layers));
    }

    [TestCase(ProductPrecision.TensorFloat32), TestCase(ProductPrecision.BFloat16)]
    public void Reduced_precision_stays_near_float32(ProductPrecision precision)
    {
        using var exact = CudaDevices.OpenSimulator();
        using var reduced = CudaDevices.OpenSimulator(new CudaOptions { Precision = precision });
        float[] expected = Run(exact, 1),
            actual = Run(reduced, 1);
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(0.03 * largest), "bf16 has 8 bits of fraction");
        if (precision == ProductPrecision.BFloat16)
            Assert.That(actual, Is.Not.EqualTo(expected), "activations are rounded to the weight's bf16");
    }

    [Test]
    public void A_pass_that_cannot_fit_is_refused_before_it_begins_with_the_numbers()
    {
        using var golden = new GoldenModel("llama-mha");
        using var small = CudaDevices.OpenSimulator(new CudaOptions { MemoryBytes = 100_000 });
        var error = Assert.Throws<OutOfMemoryEstimateException>(() =>
            ForwardBackward.Run(golden.Model, small, golden.Ids, GoldenModel.SequenceLength, new double[GoldenModel.Sequences], null)
        );
        Assert.That(error!.Message, Does.Contain("48 tokens at once").And.Contain("MiB together").And.Contain("--seqlen"));
    }

    [Test]
    public void A_second_pass_through_the_layers_allocates_nothing()
    {
        using var golden = new GoldenModel("llama-gqa-tied");
        using var backend = CudaDevices.OpenSimulator();
        long after = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            ForwardBackward.Run(golden.Model, backend, golden.Ids, GoldenModel.SequenceLength, new double[GoldenModel.Sequences], null);
            if (pass == 0)
                after = backend.Pool.Allocations;
        }
        Assert.That(after, Is.GreaterThan(0));
        Assert.That(backend.Pool.Allocations, Is.EqualTo(after));
    }

    [Test]
    public void Calibration_that_cannot_fit_is_refused_before_it_begins()
    {
        using var golden = new GoldenModel("llama-mha");
        using var small = CudaDevices.OpenSimulator(new CudaOptions { MemoryBytes = 3 << 20, LogitBytes = 1 });
        small.RequireMemory(InputPass.Need(golden.Model, hiddenBytes: 1 << 14, batchTokens: 64));
        var error = Assert.Throws<OutOfMemoryEstimateException>(() =>
            small.RequireMemory(InputPass.Need(golden.Model, hiddenBytes: 1 << 27, batchTokens: 64))
        );
        Assert.That(error!.Message, Does.Contain("--sequences").And.Contain("3 MiB may be used"));
    }

    private static float[] Run(CudaBackend backend, int passes)
    {
        var weights = Enumerable
            .Range(0, Layers)
            .Select(i => StoredTensor.FromSingles($"layer {i}", [Width, Width], RandomNumbers.Singles(i, Width * Width), DType.BF16))
            .ToArray();
        using var x = backend.Allocate(4, Width);
        using var y = backend.Allocate(4, Width);
        backend.Upload(RandomNumbers.Singles(99, 4 * Width), x);
        for (int pass = 0; pass < passes; pass++)
        for (int layer = 0; layer < Layers; layer += 2)
        {
            backend.Linear(x, weights[layer], null, y);
            backend.Linear(y, weights[layer + 1], null, x);
        }
        var values = new float[x.Length];
        backend.Download(x, values);
        return values;
    }
}
