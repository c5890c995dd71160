namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>A native library that was loaded, or why it was not.</summary>
/// <param name="Name">Such as "cuBLAS".</param>
/// <param name="Version">Such as "12.8.4", as the library itself says, or null.</param>
/// <param name="Path">The file, or null.</param>
/// <param name="Problem">What was looked for and where, or null.</param>
public sealed record NativeLibraryReport(string Name, string? Version, string? Path, string? Problem);
