using ILGPU;
using ILGPU.Backends;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.VendorLibraries;
using SvdSurgeon.Cuda.VendorLibraries.Loading;

namespace SvdSurgeon.Cuda;

/// <summary>Finds and opens devices.</summary>
public static class CudaDevices
{
    private const string NoLibraries =
        "install the CUDA toolkit 11, 12 or 13, or 'pip install nvidia-cublas-cu12 nvidia-cusolver-cu12', or name the folder in "
        + LibraryFolders.Variable;

    /// <summary>Devices and native libraries; never throws for something that is missing.</summary>
    public static CudaReport List()
    {
        var libraries = NativeLibraries.Report();
        if (libraries[0].Problem is { } noDriver)
            return new CudaReport(
                [],
                libraries,
                noDriver,
                "install NVIDIA's driver, so that nvidia-smi runs" + (libraries[1].Path is null ? "; then " + NoLibraries : "")
            );
        using var context = Context.Create(builder => Configure(builder).Cuda());
        var devices = new List<CudaDeviceReport>();
        foreach (var device in context.GetCudaDevices())
            devices.Add(
                new CudaDeviceReport(
                    devices.Count,
                    device.Name,
                    device.Architecture is { } sm ? $"{sm.Major}.{sm.Minor}" : "unknown",
                    device.MemorySize,
                    device.NumMultiprocessors,
                    $"{device.DriverVersion.Major}.{device.DriverVersion.Minor}"
                )
            );
        if (devices.Count == 0)
            return new CudaReport(
                devices,
                libraries,
                "the driver reports no device that can be used",
                "run nvidia-smi, and look at CUDA_VISIBLE_DEVICES"
            );
        return new CudaReport(devices, libraries, libraries[1].Problem, libraries[1].Problem is null ? null : NoLibraries);
    }

    /// <summary>Opens a device for the library's runs.</summary>
    /// <param name="index">Which one, as <see cref="List"/> numbers them.</param>
    /// <param name="options">Arithmetic and memory.</param>
    /// <exception cref="InvalidInputException">There is no usable device of this number; the message says why and what would
    /// help.</exception>
    public static ComputeDevice Device(int index = 0, CudaOptions? options = null) => new(Open(index, options));

    /// <summary>
    /// Computes on an accelerator that the calling program has made and keeps: it stays open when the device is disposed.
    /// </summary>
    /// <param name="accelerator">
    /// Made from a context with Profiling(), whose markers tell when a weight may be dropped, and EnableAlgorithms(), whose reductions the
    /// kernels use. On a CUDA accelerator products and decompositions go to cuBLAS and cuSOLVER in its context.
    /// </param>
    /// <param name="options">Arithmetic and memory.</param>
    /// <exception cref="ArgumentException">The context lacks one of the two, or the accelerator is neither CUDA's nor the
    /// CPU's.</exception>
    /// <exception cref="InvalidInputException">cuBLAS or cuSOLVER is missing; the message says where it was looked for.</exception>
    public static ComputeDevice Device(Accelerator accelerator, CudaOptions? options = null) => new(Use(accelerator, options));

    /// <summary>Opens a device.</summary>
    /// <param name="index">Which one, as <see cref="List"/> numbers them.</param>
    /// <param name="options">Arithmetic and memory.</param>
    /// <exception cref="InvalidInputException">There is no usable device of this number; the message says why and what would
    /// help.</exception>
    internal static CudaBackend Open(int index = 0, CudaOptions? options = null)
    {
        var report = List();
        string name = index == 0 ? "--device cuda" : $"--device cuda:{index}";
        if (report.Problem is not null)
            throw new InvalidInputException($"{name}: {report.Problem}. What helps: {report.Remedy}. Or use --device cpu.");
        if (index < 0 || index >= report.Devices.Count)
            throw new InvalidInputException(
                $"{name}: there {(report.Devices.Count == 1 ? "is 1 device" : $"are {report.Devices.Count} devices")}, numbered from 0. "
                    + $"svdsurgeon devices lists them."
            );
        var context = Context.Create(builder => Configure(builder).Cuda());
        try
        {
            return new CudaBackend(context.CreateCudaAccelerator(index), context, VendorLibraries, options);
        }
        catch (CudaException e)
        {
            context.Dispose();
            throw new InvalidInputException(
                $"{name}: {report.Devices[index].Name} cannot be opened: {e.Message}. Another program may hold it exclusively.",
                e
            );
        }
    }

    /// <summary>The first device, or null where none can be used. Without a driver the other libraries are not even looked for.</summary>
    /// <param name="options">Arithmetic and memory.</param>
    internal static CudaBackend? TryOpen(CudaOptions? options = null) =>
        NativeLibraries.Driver is not null && List().Problem is null ? Open(0, options) : null;

    /// <summary>
    /// Computes on an accelerator that the calling program has made and keeps: it stays open when the backend is disposed. On a CUDA
    /// accelerator products and decompositions go to cuBLAS and cuSOLVER in its context (<see cref="Accelerator.NativePtr"/> is the
    /// CUcontext, which other bindings take too); on a CPU accelerator to managed code.
    /// </summary>
    /// <param name="accelerator">
    /// Made from a context with Profiling(), whose markers tell when a weight may be dropped, and EnableAlgorithms(), whose reductions the
    /// kernels use.
    /// </param>
    /// <param name="options">Arithmetic and memory.</param>
    /// <exception cref="ArgumentException">The context lacks one of the two, or the accelerator is neither CUDA's nor the
    /// CPU's.</exception>
    /// <exception cref="InvalidInputException">cuBLAS or cuSOLVER is missing; the message says where it was looked for.</exception>
    internal static CudaBackend Use(Accelerator accelerator, CudaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        if (!accelerator.Context.Properties.EnableProfiling)
            throw new ArgumentException(
                $"The context of {accelerator.Name} was made without profiling: add Profiling() to its builder.",
                nameof(accelerator)
            );
        if (accelerator is CPUAccelerator)
            return new CudaBackend(accelerator, null, ManagedProducts, options);
        if (accelerator is not CudaAccelerator)
            throw new ArgumentException($"{accelerator.Name} is neither a CUDA nor a CPU accelerator.", nameof(accelerator));
        if (NativeLibraries.Report()[1].Problem is { } missing)
            throw new InvalidInputException($"{accelerator.Name}: {missing}. What helps: {NoLibraries}.");
        var backend = new CudaBackend(accelerator, null, VendorLibraries, options);
        try
        {
            _ = backend.Kernels.RmsNorm;
            return backend;
        }
        catch (InternalCompilerException e) when (e.InnerException is NotSupportedIntrinsicException)
        {
            backend.Dispose();
            throw new ArgumentException(
                $"The context of {accelerator.Name} was made without ILGPU.Algorithms: add EnableAlgorithms() to its builder.",
                nameof(accelerator),
                e
            );
        }
    }

    /// <summary>The kernels on ILGPU's CPU accelerator, for tests and debugging: right, and very slow.</summary>
    internal static CudaBackend OpenSimulator(CudaOptions? options = null) => OpenSimulator(ManagedProducts, options);

    /// <summary>As <see cref="OpenSimulator(CudaOptions?)"/>, over other libraries.</summary>
    internal static CudaBackend OpenSimulator(VendorLibraryFactory libraries, CudaOptions? options = null)
    {
        // Warps of 4, at most 4 of them: few enough for a thread of the system each, enough to take every path.
        var device = new CPUDevice(4, 4, 1);
        var context = Context.Create(builder => Configure(builder).CPU(device));
        return new CudaBackend(context.CreateCPUAccelerator(0), context, libraries, options);
    }

    private static readonly VendorLibraryFactory VendorLibraries = (accelerator, stream, pool, options) =>
        new CudaLibraries(accelerator, stream, ((CudaStream)stream).StreamPtr, pool, options.Limits);

    private static readonly VendorLibraryFactory ManagedProducts = (_, _, _, _) => new ManagedLibraries();

    private static Context.Builder Configure(Context.Builder builder) =>
        builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive).Profiling().EnableAlgorithms();
}
