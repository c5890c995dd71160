using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using NUnit.Framework;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>A program that owns an ILGPU context computes on its own accelerator.</summary>
public sealed class HandedOverTests
{
    [Test]
    public void An_accelerator_that_was_handed_over_stays_open_and_gives_the_same_numbers()
    {
        using var context = Context.Create(builder => builder.CPU(new CPUDevice(4, 4, 1)).Profiling());
        using var accelerator = context.CreateCPUAccelerator(0);
        using var own = CudaDevices.OpenSimulator();
        float[] expected = Norm(own),
            actual;
        using (var backend = CudaDevices.Use(accelerator))
            actual = Norm(backend);
        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(accelerator.IsDisposed, Is.False);
        using var buffer = accelerator.Allocate1D(expected);
        Assert.That(buffer.GetAsArray1D(), Is.EqualTo(expected), "it still computes for its program");
    }

    [Test]
    public void A_context_without_profiling_is_refused_with_the_way_out()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateCPUAccelerator(0);
        Assert.That(() => CudaDevices.Use(accelerator), Throws.ArgumentException.With.Message.Contains("add Profiling() to its builder"));
    }

    private static float[] Norm(CudaBackend backend)
    {
        using var x = backend.Allocate(3, 20);
        using var y = backend.Allocate(3, 20);
        using var r = backend.Allocate(3, 1);
        backend.Upload(RandomNumbers.Singles(1, 60), x);
        backend.RmsNorm(x, Tensors.StoredTensor.FromSingles("w", [20], RandomNumbers.Singles(2, 20), Tensors.DType.F32), 1e-5f, y, r);
        var values = new float[60];
        backend.Download(y, values);
        return values;
    }
}
