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
#if MANAGEDCUDA
        Assert.That(report.Problem is null, Is.EqualTo(report.Devices.Count > 0 && report.Libraries.All(library => library.Path is not null)));
#else
        Assert.That(report.Problem, Is.Not.Null);
#endif
    }

    [Test]
    public void Opening_without_a_usable_GPU_is_an_error_that_says_why()
    {
        if (CudaDevices.List() is { Problem: null }) Assert.Ignore("This machine has a usable GPU.");
        var error = Assert.Throws<InvalidInputException>(() => CudaDevices.Open());
        Assert.That(error!.Message, Does.StartWith("--device cuda: ").And.Contain("install").Or.Contain("nvidia-smi").Or.Contain("GpuPackages"));
    }

    [Test]
    public void A_device_number_that_does_not_exist_is_an_error()
    {
        if (CudaDevices.List() is { Problem: not null }) Assert.Ignore("This machine has no usable GPU.");
        Assert.That(() => CudaDevices.Open(99), Throws.InstanceOf<InvalidInputException>().With.Message.Contains("numbered from 0"));
    }

    [Test]
    public void Libraries_are_looked_for_in_toolkits_and_Python_environments()
    {
        string root = Directory.CreateTempSubdirectory("svdsurgeon-").FullName;
        try
        {
            string nvidia = Path.Combine(root, "lib", "python3.12", "site-packages", "nvidia", "cublas");
            Directory.CreateDirectory(nvidia);
            var folders = NativeLibraries.Folders(name => name switch
            {
                NativeLibraries.Variable => root,
                "CUDA_PATH" => "/opt/cuda",
                "LD_LIBRARY_PATH" => string.Join(Path.PathSeparator, "/a", "/b"),
                _ => null,
            }).ToList();
            Assert.That(folders[0], Is.EqualTo(root));
            Assert.That(folders, Does.Contain(Path.Combine(nvidia, "lib")));
            Assert.That(folders, Is.SupersetOf(new[] { Path.Combine("/opt/cuda", "lib64"), "/a", "/b" }));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
