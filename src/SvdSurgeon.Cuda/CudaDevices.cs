using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime;
using ILGPU;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Cuda.VendorLibraries;

namespace SvdSurgeon.Cuda;

/// <summary>A CUDA device.</summary>
/// <param name="Index">The n of --device cuda:n.</param>
/// <param name="Name">Product name.</param>
/// <param name="ComputeCapability">Such as "9.0".</param>
/// <param name="MemoryBytes">Device memory.</param>
/// <param name="Multiprocessors">Streaming multiprocessors.</param>
/// <param name="DriverVersion">The CUDA version of the driver, such as "12.8".</param>
public sealed record CudaDeviceReport(int Index, string Name, string ComputeCapability, long MemoryBytes, int Multiprocessors, string DriverVersion);

/// <summary>What was found of CUDA on this machine.</summary>
/// <param name="Devices">Usable devices.</param>
/// <param name="Libraries">Native libraries and where they were loaded from.</param>
/// <param name="Problem">Why --device cuda would fail and what helps, or null.</param>
public sealed record CudaReport(IReadOnlyList<CudaDeviceReport> Devices, IReadOnlyList<NativeLibraryReport> Libraries, string? Problem);

/// <summary>Finds and opens devices.</summary>
public static class CudaDevices
{
    /// <summary>Devices and native libraries; never throws for something that is missing.</summary>
    public static CudaReport List()
    {
        var libraries = NativeLibraries.Report();
        using var context = Context.Create(builder => Configure(builder).Cuda());
        var devices = new List<CudaDeviceReport>();
        foreach (var device in context.GetCudaDevices())
            devices.Add(new CudaDeviceReport(devices.Count, device.Name, device.Architecture is { } sm ? $"{sm.Major}.{sm.Minor}" : "unknown", device.MemorySize,
                device.NumMultiprocessors, $"{device.DriverVersion.Major}.{device.DriverVersion.Minor}"));
        string? problem = libraries.FirstOrDefault(library => library.Path is null)?.Problem;
        if (devices.Count == 0 && problem is null) problem = "The driver was loaded but reports no device that can be used: run nvidia-smi, and look at CUDA_VISIBLE_DEVICES.";
#if !MANAGEDCUDA
        problem ??= "This build has no cuBLAS and cuSOLVER: build it with -p:GpuPackages=all (docs/GPU.md).";
#endif
        return new CudaReport(devices, libraries, problem);
    }

    /// <summary>Opens a device.</summary>
    /// <param name="index">Which one, as <see cref="List"/> numbers them.</param>
    /// <param name="options">Arithmetic and memory.</param>
    /// <exception cref="InvalidInputException">There is no usable device of this number; the message says why and what would help.</exception>
    public static CudaBackend Open(int index = 0, CudaOptions? options = null)
    {
        var report = List();
        if (report.Problem is not null) throw new InvalidInputException($"--device cuda: {report.Problem}");
        if (index < 0 || index >= report.Devices.Count)
            throw new InvalidInputException($"--device cuda:{index}: there {(report.Devices.Count == 1 ? "is 1 device" : $"are {report.Devices.Count} devices")}, numbered from 0. svdsurgeon devices lists them.");
#if MANAGEDCUDA
        var context = Context.Create(builder => Configure(builder).Cuda());
        try
        {
            return new CudaBackend(context, context.CreateCudaAccelerator(index), (accelerator, stream, pool) => new CudaLibraries(accelerator, stream, ((CudaStream)stream).StreamPtr, pool), options);
        }
        catch (CudaException e)
        {
            context.Dispose();
            throw new InvalidInputException($"--device cuda:{index}: {report.Devices[index].Name} cannot be opened: {e.Message}. Another program may hold it exclusively.", e);
        }
#else
        throw new InvalidInputException("--device cuda: this build has no cuBLAS and cuSOLVER: build it with -p:GpuPackages=all (docs/GPU.md).");
#endif
    }

    /// <summary>The kernels on ILGPU's CPU accelerator, for tests and debugging: right, and very slow.</summary>
    public static CudaBackend OpenSimulator(CudaOptions? options = null) => OpenSimulator((_, _, _) => new ManagedLibraries(), options);

    /// <summary>As <see cref="OpenSimulator(CudaOptions?)"/>, over other libraries.</summary>
    internal static CudaBackend OpenSimulator(Func<Accelerator, AcceleratorStream, DevicePool, IVendorLibraries> libraries, CudaOptions? options = null)
    {
        // Warps of 4, at most 4 of them: few enough for a thread of the system each, enough to take every path.
        var device = new CPUDevice(4, 4, 1);
        var context = Context.Create(builder => Configure(builder).CPU(device));
        return new CudaBackend(context, context.CreateCPUAccelerator(0), libraries, options);
    }

    private static Context.Builder Configure(Context.Builder builder) => builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive).Profiling();
}
