using NUnit.Framework;

namespace SvdSurgeon.Cuda.Tests;

public sealed class DeviceReportTests
{
    [Test]
    public void The_report_names_every_library_and_says_what_is_missing()
    {
        var report = CudaDevices.List();
        Assert.That(report.Libraries.Select(library => library.Name), Is.EqualTo(new[] { "CUDA driver", "cuBLAS", "cuSOLVER" }));
        foreach (var library in report.Libraries)
            Assert.That(library.Path is null, Is.EqualTo(library.Problem is not null), library.Name);
        Assert.That(
            report.Problem is null,
            Is.EqualTo(report.Devices.Count > 0 && report.Libraries.All(library => library.Path is not null))
        );
    }

    [Test]
    public void Opening_without_a_usable_GPU_is_an_error_that_says_why()
    {
        if (CudaDevices.List() is { Problem: null })
            Assert.Ignore("This machine has a usable GPU.");
        var error = Assert.Throws<InvalidInputException>(() => CudaDevices.Open());
        Assert.That(error!.Message, Does.StartWith("--device cuda: ").And.Contain("What helps: ").And.Contain("--device cpu"));
    }

    [Test]
    public void A_device_number_that_does_not_exist_is_an_error()
    {
        if (CudaDevices.List() is { Problem: not null })
            Assert.Ignore("This machine has no usable GPU.");
        Assert.That(() => CudaDevices.Open(99), Throws.InstanceOf<InvalidInputException>().With.Message.Contains("numbered from 0"));
    }
}
