using System.Runtime.InteropServices;

namespace SvdSurgeon.Backends.SystemBlas;

/// <summary>What the two libraries tell about themselves, and how each is kept to one thread and 32-bit integers.</summary>
/// <param name="Name">Such as "OpenBLAS 0.3.21".</param>
/// <param name="Kernels">The processor that its kernels were written for, where the library tells.</param>
/// <param name="Threads">Address of void set(int threads).</param>
internal sealed unsafe record BlasVendor(string Name, string? Kernels, nint Threads)
{
    private const int Sequential = 1,
        InterfaceOf32Bits = 0;

    /// <summary>Asks a loaded library.</summary>
    /// <param name="library">Its handle.</param>
    /// <param name="problem">Why it cannot be used: the end of a sentence that begins with the file's name.</param>
    /// <returns>Null when it cannot be used.</returns>
    public static BlasVendor? Ask(nint library, out string? problem)
    {
        problem = null;
        if (BlasFunctions.Export(library, "openblas_set_num_threads") is var openBlas and not 0)
            return OpenBlas(library, openBlas, ref problem);
        if (BlasFunctions.Export(library, "MKL_Set_Num_Threads") is var mkl and not 0)
            return Mkl(library, mkl, ref problem);
        foreach (string name in (string[])["openblas_set_num_threads64_", "cblas_sgemm64_", "scipy_cblas_sgemm64_"])
            if (BlasFunctions.Export(library, name) != 0)
            {
                problem = $"has its functions for 64-bit integers only ({name}), and those for 32-bit integers are needed";
                return null;
            }
        problem = "is neither OpenBLAS nor MKL (it has no openblas_set_num_threads and no MKL_Set_Num_Threads)";
        return null;
    }

    private static BlasVendor? OpenBlas(nint library, nint threads, ref string? problem)
    {
        string configuration = Text(library, "openblas_get_config") ?? "OpenBLAS";
        if (configuration.Contains("USE64BITINT", StringComparison.Ordinal))
        {
            problem = "was built for 64-bit integers (USE64BITINT), and 32-bit integers are needed";
            return null;
        }
        return new BlasVendor(
            string.Join(' ', configuration.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2)),
            Text(library, "openblas_get_corename"),
            threads
        );
    }

    private static BlasVendor? Mkl(nint library, nint threads, ref string? problem)
    {
        // Both are settled by the first call of anything else. One thread needs no OpenMP library beside MKL.
        if (
            BlasFunctions.Export(library, "MKL_Set_Interface_Layer") is var layer and not 0
            && (((delegate* unmanaged[Cdecl]<int, int>)layer)(InterfaceOf32Bits) & 1) != 0
        )
        {
            problem = "is set to 64-bit integers, and 32-bit integers are needed: unset MKL_INTERFACE_LAYER";
            return null;
        }
        if (BlasFunctions.Export(library, "MKL_Set_Threading_Layer") is var threading and not 0)
            _ = ((delegate* unmanaged[Cdecl]<int, int>)threading)(Sequential);
        string name = "MKL";
        if (BlasFunctions.Export(library, "MKL_Get_Version_String") is var version and not 0)
        {
            const int length = 256;
            byte* buffer = stackalloc byte[length];
            ((delegate* unmanaged[Cdecl]<byte*, int, void>)version)(buffer, length - 1);
            buffer[length - 1] = 0;
            string text = Marshal.PtrToStringUTF8((nint)buffer) ?? "";
            int at = text.IndexOf("Version ", StringComparison.Ordinal);
            if (at >= 0)
                name = $"MKL {text[(at + 8)..].Split(' ', '-')[0]}";
        }
        return new BlasVendor(name, null, threads);
    }

    private static string? Text(nint library, string function) =>
        BlasFunctions.Export(library, function) is var address and not 0
            ? Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)address)())?.Trim()
            : null;
}
