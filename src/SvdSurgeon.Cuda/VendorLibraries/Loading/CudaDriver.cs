using System.Runtime.InteropServices;

namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>NVIDIA's driver library, which comes with the driver and with nothing else.</summary>
/// <param name="Handle">As the system loaded it.</param>
/// <param name="Path">Its file.</param>
/// <param name="Major">Major version of the newest CUDA that it serves.</param>
/// <param name="Minor">Minor version of it.</param>
internal sealed unsafe record CudaDriver(nint Handle, string Path, int Major, int Minor)
{
    /// <summary>The file's name.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>The driver, or null where there is none.</summary>
    public static CudaDriver? Find()
    {
        // Under WSL the system's search does not know the folder.
        foreach (string name in (string[])[FileName, "/usr/lib/wsl/lib/libcuda.so.1"])
        {
            if (!NativeLibrary.TryLoad(name, out nint handle))
                continue;
            int version = 0;
            if (NativeLibrary.TryGetExport(handle, "cuDriverGetVersion", out nint function))
                _ = ((delegate* unmanaged<int*, int>)function)(&version);
            return new CudaDriver(handle, LoadedFiles.PathOf(name), version / 1000, version % 1000 / 10);
        }
        return null;
    }
}
