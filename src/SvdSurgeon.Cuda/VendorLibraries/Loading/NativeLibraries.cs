using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>
/// The driver, cuBLAS and cuSOLVER of this process: found once, loaded by file and version, and handed to whoever asks for them by name.
/// NVIDIA installs versioned files, and the names without a version belong to development packages and may be of another version.
/// </summary>
internal static unsafe class NativeLibraries
{
    private static readonly Lock Gate = new();
    private static bool _installed;
    private static CudaDriver? _driver;
    private static LoadedPair? _pair;

    /// <summary>Starts answering; call before ILGPU, cuBLAS or cuSOLVER is touched.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (_installed)
                return;
            _installed = true;
            NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => Resolve(name));
            // ILGPU and ManagedCuda have searches of their own; this answers when those have failed.
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Resolve(name);
        }
    }

    /// <summary>The driver, or null.</summary>
    public static CudaDriver? Driver
    {
        get
        {
            lock (Gate)
                return _driver ??= CudaDriver.Find();
        }
    }

    /// <summary>Loads what is there and tells from where: the driver, cuBLAS, cuSOLVER.</summary>
    public static IReadOnlyList<NativeLibraryReport> Report()
    {
        Install();
        lock (Gate)
        {
            var driver = Driver is { } d
                ? new NativeLibraryReport("CUDA driver", $"{d.Major}.{d.Minor}", d.Path, null)
                : new NativeLibraryReport("CUDA driver", null, null, $"there is no NVIDIA driver on this machine ({CudaDriver.FileName})");
            var search = Load();
            if (_pair is { } pair)
                return
                [
                    driver,
                    new NativeLibraryReport("cuBLAS", Version(pair.Blas, "cublasGetProperty"), LoadedFiles.PathOf(pair.Files.Blas), null),
                    new NativeLibraryReport(
                        "cuSOLVER",
                        Version(pair.Solver, "cusolverGetProperty"),
                        LoadedFiles.PathOf(pair.Files.Solver),
                        null
                    ),
                ];
            string names = string.Join(" or ", CudaGeneration.NewestFirst.Select(g => $"{g.Blas} with {g.Solver}"));
            string passedOver = string.Concat(search.PassedOver.Select(sentence => $". {sentence}"));
            string missing = $"{names}: not found in {LibraryFolders.Places}{passedOver}";
            return
            [
                driver,
                new NativeLibraryReport("cuBLAS", null, null, missing),
                new NativeLibraryReport("cuSOLVER", null, null, missing),
            ];
        }
    }

    /// <summary>Address of a function of cuSOLVER that older versions do not have; 0 where it is missing.</summary>
    public static nint SolverFunction(string name)
    {
        lock (Gate)
        {
            Load();
            return _pair is { } pair && NativeLibrary.TryGetExport(pair.Solver, name, out nint function) ? function : 0;
        }
    }

    /// <summary>What a library says of itself; libraryPropertyType 0, 1 and 2 are the three parts.</summary>
    internal static string? Version(nint library, string function)
    {
        if (!NativeLibrary.TryGetExport(library, function, out nint address))
            return null;
        int* parts = stackalloc int[3];
        for (int i = 0; i < 3; i++)
            if (((delegate* unmanaged<int, int*, int>)address)(i, parts + i) != 0)
                return null;
        return $"{parts[0]}.{parts[1]}.{parts[2]}";
    }

    // "cublas", "libcublas", "cublas64_12", "cusolver64_11.dll", "nvcuda", "cuda": the names by which the bindings ask.
    private static nint Resolve(string requested)
    {
        string name = requested.StartsWith("lib", StringComparison.Ordinal) ? requested[3..] : requested;
        name = name.Split('.')[0].Split("64_")[0];
        lock (Gate)
        {
            if (name is "cuda" or "nvcuda")
                return Driver?.Handle ?? 0;
            if (name is not ("cublas" or "cusolver"))
                return 0;
            Load();
            return name == "cublas" ? _pair?.Blas ?? 0 : _pair?.Solver ?? 0;
        }
    }

    // Looks again as long as nothing was found: a program may set the variable first and ask again.
    private static LibrarySearch.Result Load()
    {
        if (_pair is { } loaded)
            return new LibrarySearch.Result(loaded.Files, []);
        var search = LibrarySearch.Find(new LibraryFolders(Environment.GetEnvironmentVariable), Driver?.Major, IsThere);
        if (search.Libraries is not { } files)
            return search;
        // The two load these by name, and their own search may not reach them; once loaded they are found by name.
        foreach (string needed in files.Generation.Needed)
            LoadNeeded(files, needed);
        if (!NativeLibrary.TryLoad(files.Blas, out nint blas))
            return new LibrarySearch.Result(null, [$"{files.Blas} cannot be loaded"]);
        if (!NativeLibrary.TryLoad(files.Solver, out nint solver))
            return new LibrarySearch.Result(null, [$"{files.Solver} cannot be loaded"]);
        _pair = new LoadedPair(files, blas, solver);
        return search;
    }

    private static void LoadNeeded(LibraryPair files, string name)
    {
        var folders = new LibraryFolders(Environment.GetEnvironmentVariable).All.Prepend(Path.GetDirectoryName(files.Blas)!);
        foreach (string folder in folders)
            if (IsThere(Path.Combine(folder, name)) && NativeLibrary.TryLoad(Path.Combine(folder, name), out _))
                return;
    }

    private static bool IsThere(string path) => Path.IsPathRooted(path) ? File.Exists(path) : NativeLibrary.TryLoad(path, out _);

    private sealed record LoadedPair(LibraryPair Files, nint Blas, nint Solver);
}
