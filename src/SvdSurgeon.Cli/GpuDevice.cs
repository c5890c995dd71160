using System.Globalization;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda;

namespace SvdSurgeon.Cli;

/// <summary>--device cuda[:n][+tf32|+bf16], compiled only where the GPU packages are (docs/GPU.md).</summary>
internal static class GpuDevice
{
    /// <summary>The backend, or null when the text names no GPU.</summary>
    /// <exception cref="InvalidInputException">There is no such device, or it cannot be used; the message says why.</exception>
    public static IBackend? Open(string device)
    {
        string[] parts = device.Split('+', 2);
        var options = new CudaOptions
        {
            Precision =
                parts.Length == 1
                    ? ProductPrecision.Float32
                    : parts[1] switch
                    {
                        "tf32" => ProductPrecision.TensorFloat32,
                        "bf16" => ProductPrecision.BFloat16,
                        _ => throw new InvalidInputException(
                            $"--device {device}: unknown precision '{parts[1]}'. Use {parts[0]}, {parts[0]}+tf32 or {parts[0]}+bf16."
                        ),
                    },
        };
        // For checking the GPU code on a machine without one; thousands of times slower, so it is in no help text.
        if (parts[0] == "simulator")
            return CudaDevices.OpenSimulator(options);
        if (parts[0] == "cuda")
            return CudaDevices.Open(0, options);
        if (!parts[0].StartsWith("cuda:", StringComparison.Ordinal))
            return null;
        if (!int.TryParse(parts[0].AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            throw new InvalidInputException($"--device {device}: '{parts[0][5..]}' is not a device number. svdsurgeon devices lists them.");
        return CudaDevices.Open(index, options);
    }

    /// <summary>The first GPU when there is a usable one.</summary>
    public static IBackend? OpenIfUsable() => CudaDevices.List().Problem is null ? CudaDevices.Open() : null;

    /// <summary>Lines for svdsurgeon devices.</summary>
    public static IEnumerable<string> Describe()
    {
        var report = CudaDevices.List();
        foreach (var device in report.Devices)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"cuda:{device.Index} ({device.Name}, {device.MemoryBytes >> 20} MiB, {device.Multiprocessors} multiprocessors, compute "
                    + $"capability {device.ComputeCapability}, driver for CUDA {device.DriverVersion})"
            );
        foreach (var library in report.Libraries)
            yield return $"  {library.Name}: {library.Path ?? library.Problem}";
        if (report.Problem is not null)
            yield return $"cuda: not usable. {report.Problem}";
    }
}
