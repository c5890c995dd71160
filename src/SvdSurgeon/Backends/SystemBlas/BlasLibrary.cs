using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.SystemBlas;

/// <summary>
/// An OpenBLAS or MKL of the system, loaded. It is kept to one thread for the whole process: the threads are ours, over pieces of a product
/// and over modules, so that results do not depend on their number.
/// </summary>
internal sealed unsafe class BlasLibrary
{
    private readonly BlasVendor _vendor;

    private BlasLibrary(nint handle, BlasVendor vendor, BlasFunctions functions, string path)
    {
        _vendor = vendor;
        Handle = handle;
        Functions = functions;
        Path = path;
        SetThreads(1);
    }

    /// <summary>Names under which the loader is asked for one, in this order.</summary>
    public static IReadOnlyList<string> UsualNames { get; } =
        OperatingSystem.IsWindows() ? ["libopenblas.dll", "openblas.dll", "mkl_rt.2.dll"]
        : OperatingSystem.IsMacOS()
            ? ["libopenblas.dylib", "/opt/homebrew/opt/openblas/lib/libopenblas.dylib", "/usr/local/opt/openblas/lib/libopenblas.dylib"]
        : ["libopenblas.so.0", "libopenblas.so", "libmkl_rt.so.2", "libmkl_rt.so"];

    /// <summary>Such as "OpenBLAS 0.3.21, Haswell kernels".</summary>
    public string Name => _vendor.Kernels is null ? _vendor.Name : $"{_vendor.Name}, {_vendor.Kernels} kernels";

    /// <summary>The file that was loaded.</summary>
    public string Path { get; }

    /// <summary>A sentence on how to get more out of it, or null.</summary>
    public string? Advice => AdviceOn(_vendor.Kernels, Vector512.IsHardwareAccelerated, Vector256.IsHardwareAccelerated);

    /// <summary>The loaded library.</summary>
    internal nint Handle { get; }

    /// <summary>What is called of it.</summary>
    internal BlasFunctions Functions { get; }

    /// <summary>What a user chose.</summary>
    /// <param name="choice">"managed" for none, "auto" for one of <see cref="UsualNames"/> where there is one, or a file.</param>
    /// <returns>Null for the program's own kernels.</returns>
    /// <exception cref="InvalidInputException">The file cannot be loaded or used.</exception>
    public static BlasLibrary? Choose(string choice) =>
        choice switch
        {
            "managed" => null,
            "auto" => Find(),
            _ => Open(choice),
        };

    /// <summary>The first that is there and can be used, or null.</summary>
    public static BlasLibrary? Find()
    {
        foreach (string name in UsualNames)
            if (TryOpen(name, out _) is { } library)
                return library;
        return null;
    }

    /// <summary>The library in a file, or of a name that the loader knows.</summary>
    /// <exception cref="InvalidInputException">It cannot be loaded, is neither OpenBLAS nor MKL, lacks a function, or wants 64-bit
    /// integers.</exception>
    public static BlasLibrary Open(string file)
    {
        // A file of the working directory is meant before a name that the loader knows.
        string path = File.Exists(file) ? System.IO.Path.GetFullPath(file) : file;
        if (path == file && file.AsSpan().IndexOfAny('/', '\\') >= 0 && !File.Exists(file))
            throw Refused("there is no such file");
        return TryOpen(path, out string? problem) ?? throw Refused(problem!);

        InvalidInputException Refused(string why) =>
            new($"--blas {file}: {why}. Give the file of an OpenBLAS or MKL, auto to look for one, or managed to compute without.");
    }

    /// <summary><see cref="Advice"/> on a library that took these kernels on a processor with AVX-512 or AVX2.</summary>
    internal static string? AdviceOn(string? kernels, bool avx512, bool avx2) =>
        kernels switch
        {
            "Haswell" or "Zen" or "Prescott" when avx512 =>
                "This processor has AVX-512, which these kernels leave unused; set OPENBLAS_CORETYPE=SkylakeX in the environment.",
            // What processors get that the library is too old to know.
            "Prescott" when avx2 =>
                "This processor has AVX2, which these kernels leave unused; set OPENBLAS_CORETYPE=Haswell in the environment.",
            _ => null,
        };

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Path}";

    /// <summary>Threads that the library itself uses from now on, in the whole process; benchmarks compare with more than one.</summary>
    internal void SetThreads(int threads) => ((delegate* unmanaged[Cdecl]<int, void>)_vendor.Threads)(threads);

    private static BlasLibrary? TryOpen(string path, out string? problem)
    {
        nint handle;
        try
        {
            handle = NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // The runtime's advice comes first, the loader's own words last.
            string reason = e
                .Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .LastOrDefault("no reason given");
            problem = $"it cannot be loaded ({reason.TrimEnd('.')})";
            return null;
        }
        try
        {
            if (BlasVendor.Ask(handle, out problem) is not { } vendor)
            {
                problem = "it " + problem;
                NativeLibrary.Free(handle);
                return null;
            }
            return new BlasLibrary(handle, vendor, new BlasFunctions(handle), FileOf(handle) ?? path);
        }
        catch (EntryPointNotFoundException missing)
        {
            problem = $"it lacks the function {missing.Message}";
            NativeLibrary.Free(handle);
            return null;
        }
    }

    // The loader does not tell which file a name led to; the address of a function does.
    private static string? FileOf(nint handle)
    {
        nint address = BlasFunctions.Export(handle, "cblas_sgemm");
        using var process = Process.GetCurrentProcess();
        foreach (ProcessModule module in process.Modules)
            if (address >= module.BaseAddress && address < module.BaseAddress + module.ModuleMemorySize)
                return module.FileName;
        return null;
    }
}
