using SvdSurgeon.Cuda.VendorLibraries.Loading;

namespace SvdSurgeon.Cuda;

/// <summary>What was found of CUDA on this machine.</summary>
/// <param name="Devices">Usable devices.</param>
/// <param name="Libraries">The driver, cuBLAS and cuSOLVER: versions and files, or what is missing and where it was looked for.</param>
/// <param name="Problem">Why --device cuda would fail, or null.</param>
/// <param name="Remedy">What helps, or null.</param>
public sealed record CudaReport(
    IReadOnlyList<CudaDeviceReport> Devices,
    IReadOnlyList<NativeLibraryReport> Libraries,
    string? Problem,
    string? Remedy
);
