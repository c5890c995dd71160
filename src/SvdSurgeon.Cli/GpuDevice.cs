using System.Globalization;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda;

namespace SvdSurgeon.Cli;

/// <summary>--device cuda[:n][+tf32|+bf16] and --device simulator[+tf32|+bf16].</summary>
internal static class GpuDevice
{
    /// <summary>The backend, or null when the text names no GPU.</summary>
    /// <exception cref="InvalidInputException">There is no such device, or it cannot be used; the message says why.</exception>
    public static IBackend? Open(string device)
    {
        string[] parts = device.Split('+', 2);
        int index = 0;
        if (parts[0].StartsWith("cuda:", StringComparison.Ordinal))
        {
            if (!int.TryParse(parts[0].AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index))
                throw new InvalidInputException(
                    $"--device {device}: '{parts[0][5..]}' is not a device number. svdsurgeon devices lists them."
                );
        }
        else if (parts[0] is not ("cuda" or "simulator"))
            return null;
        var options = new CudaOptions { Precision = parts.Length == 1 ? ProductPrecision.Float32 : Precision(parts[0], parts[1]) };
        if (parts[0] != "simulator")
            return CudaDevices.Open(index, options);
        Console.Error.WriteLine(
            "--device simulator: the GPU's kernels run thread by thread on ILGPU's CPU accelerator. That shows that they work and is "
                + "very slow: --device cpu is for work."
        );
        return CudaDevices.OpenSimulator(options);
    }

    /// <summary>The first GPU when there is a usable one.</summary>
    public static IBackend? OpenIfUsable() => CudaDevices.TryOpen();

    /// <summary>
    /// Lines for svdsurgeon devices: what there is, or in three lines what is missing, where it was looked for, and what helps.
    /// </summary>
    public static IEnumerable<string> Describe()
    {
        var report = CudaDevices.List();
        foreach (var device in report.Devices)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"cuda:{device.Index} ({device.Name}, {device.MemoryBytes >> 20} MiB, {device.Multiprocessors} multiprocessors, compute "
                    + $"capability {device.ComputeCapability}, driver for CUDA {device.DriverVersion})"
            );
        if (report.Problem is not null)
            yield return $"cuda: not usable, {report.Problem}.";
        string[] libraries =
        [
            .. report
                .Libraries.Where(library => library.Path is not null)
                .Select(library => $"{library.Name} {library.Version} ({library.Path})"),
            .. report.Libraries.Select(library => library.Problem).OfType<string>().Distinct().Where(problem => problem != report.Problem),
        ];
        if (libraries.Length > 0)
            yield return $"  {string.Join("; ", libraries)}";
        if (report.Remedy is not null)
            yield return $"  What helps: {report.Remedy}.";
    }

    private static ProductPrecision Precision(string device, string text) =>
        text switch
        {
            "tf32" => ProductPrecision.TensorFloat32,
            "bf16" => ProductPrecision.BFloat16,
            _ => throw new InvalidInputException(
                $"--device {device}+{text}: unknown precision '{text}'. Use {device}, {device}+tf32 or {device}+bf16."
            ),
        };
}
