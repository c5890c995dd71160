namespace SvdSurgeon.Cuda;

/// <summary>A CUDA device.</summary>
/// <param name="Index">The n of --device cuda:n.</param>
/// <param name="Name">Product name.</param>
/// <param name="ComputeCapability">Such as "9.0".</param>
/// <param name="MemoryBytes">Device memory.</param>
/// <param name="Multiprocessors">Streaming multiprocessors.</param>
/// <param name="DriverVersion">The CUDA version of the driver, such as "12.8".</param>
public sealed record CudaDeviceReport(
    int Index,
    string Name,
    string ComputeCapability,
    long MemoryBytes,
    int Multiprocessors,
    string DriverVersion
);
