using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace SvdSurgeon.Cuda;

/// <summary>A native library that was loaded, or why it was not.</summary>
/// <param name="Name">Such as "cuBLAS".</param>
/// <param name="Path">The file, or null.</param>
/// <param name="Problem">What was tried and what would help, or null.</param>
public sealed record NativeLibraryReport(string Name, string? Path, string? Problem);

/// <summary>
/// Finds the driver, cuBLAS and cuSOLVER. ILGPU and ManagedCuda ask for unversioned names, which only development packages install; this answers when
/// their own search has failed, with the versioned files of a toolkit, of the system, or of a Python environment.
/// </summary>
/// <remarks>Searched in this order: the folders of SVDSURGEON_CUDA_LIBRARIES, CUDA_PATH, CUDA_HOME, LD_LIBRARY_PATH, VIRTUAL_ENV, CONDA_PREFIX, /usr/local/cuda, the system.</remarks>
internal static class NativeLibraries
{
    /// <summary>The variable that names folders to look in first, or a Python environment with the nvidia packages.</summary>
    public const string Variable = "SVDSURGEON_CUDA_LIBRARIES";

    // Version 12 first: it is the one ManagedCuda was written for. cuSOLVER is one behind: 11 belongs to CUDA 12, 12 to CUDA 13.
    private static readonly Library[] Libraries =
    [
        new("CUDA driver", "cuda", ["libcuda.so.1"], ["nvcuda.dll"]),
        new("nvJitLink", "nvJitLink", ["libnvJitLink.so.12", "libnvJitLink.so.13"], ["nvJitLink_120_0.dll"]),
        new("cuBLASLt", "cublasLt", ["libcublasLt.so.12", "libcublasLt.so.13", "libcublasLt.so.11"], ["cublasLt64_12.dll", "cublasLt64_13.dll"]),
        new("cuBLAS", "cublas", ["libcublas.so.12", "libcublas.so.13", "libcublas.so.11"], ["cublas64_12.dll", "cublas64_13.dll"]),
        new("cuSPARSE", "cusparse", ["libcusparse.so.12", "libcusparse.so.11"], ["cusparse64_12.dll"]),
        new("cuSOLVER", "cusolver", ["libcusolver.so.11", "libcusolver.so.12"], ["cusolver64_11.dll", "cusolver64_12.dll"]),
    ];

    private static readonly Lock Gate = new();
    private static bool _installed;

    /// <summary>Starts answering; call before ILGPU or ManagedCuda is touched.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (_installed) return;
            _installed = true;
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Find(name) is { } library ? Load(library) : 0;
        }
    }

    /// <summary>Loads what is there and tells from where; libraries that others only need inside are left out.</summary>
    public static IReadOnlyList<NativeLibraryReport> Report()
    {
        Install();
        var reports = new List<NativeLibraryReport>();
        foreach (var library in Libraries)
        {
            bool loaded = Load(library) != 0;
            if (library.Key is "nvJitLink" or "cublasLt" or "cusparse") continue;
            string names = string.Join(", ", library.Names);
            reports.Add(new NativeLibraryReport(library.Name, loaded ? LoadedPath(library) : null, loaded ? null
                : library.Key == "cuda" ? $"{names} was not found: install the NVIDIA driver."
                : $"{names} were not found in {Variable}, CUDA_PATH, CUDA_HOME, LD_LIBRARY_PATH, a Python environment or the system: install the CUDA 12 runtime libraries, "
                    + $"or the Python packages nvidia-cublas-cu12 and nvidia-cusolver-cu12, and set {Variable} to their folder."));
        }
        return reports;
    }

    /// <summary>The sentence for the first of the libraries that cannot be loaded, or null.</summary>
    public static string? Missing() => Report().FirstOrDefault(report => report.Path is null)?.Problem;

    /// <summary>Folders that may hold the libraries, in order.</summary>
    internal static IEnumerable<string> Folders(Func<string, string?> variable)
    {
        foreach (string folder in Split(variable(Variable)))
        {
            yield return folder;
            yield return Path.Combine(folder, "lib64");
            foreach (string inside in PythonFolders(folder)) yield return inside;
        }
        foreach (string name in new[] { "CUDA_PATH", "CUDA_HOME" })
            foreach (string folder in Split(variable(name)))
            {
                yield return Path.Combine(folder, "lib64");
                yield return Path.Combine(folder, "bin");
            }
        foreach (string folder in Split(variable("LD_LIBRARY_PATH"))) yield return folder;
        foreach (string name in new[] { "VIRTUAL_ENV", "CONDA_PREFIX" })
            foreach (string folder in Split(variable(name)))
            {
                yield return Path.Combine(folder, "lib");
                foreach (string inside in PythonFolders(folder)) yield return inside;
            }
        yield return "/usr/local/cuda/lib64";
    }

    // lib/python3.*/site-packages/nvidia/*/lib of an environment, or nvidia/*/lib of a site-packages folder.
    private static IEnumerable<string> PythonFolders(string root)
    {
        IEnumerable<string> sites = [root];
        string lib = Path.Combine(root, "lib");
        if (Directory.Exists(lib)) sites = sites.Concat(Directory.EnumerateDirectories(lib, "python3*").Select(python => Path.Combine(python, "site-packages")));
        foreach (string site in sites)
        {
            string nvidia = Path.Combine(site, "nvidia");
            if (!Directory.Exists(nvidia)) continue;
            foreach (string package in Directory.EnumerateDirectories(nvidia)) yield return Path.Combine(package, "lib");
        }
    }

    private static string[] Split(string? list) => (list ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    // "cublas", "libcublas", "cublas64_12", "cusolver64_11.dll", "nvcuda", "cuda": the names by which the two libraries ask.
    private static Library? Find(string requested)
    {
        string name = requested.StartsWith("lib", StringComparison.Ordinal) ? requested[3..] : requested;
        name = name.Split('.')[0].Split("64_")[0];
        if (name == "nvcuda") name = "cuda";
        return Array.Find(Libraries, library => library.Key == name);
    }

    private static nint Load(Library library)
    {
        lock (Gate)
        {
            if (library.Handle != 0) return library.Handle;
            if (library.Key == "cusolver")
                // Its own search may not reach these; once loaded they are found by name.
                foreach (string needed in new[] { "nvJitLink", "cublasLt", "cublas", "cusparse" }) Load(Array.Find(Libraries, other => other.Key == needed)!);
            foreach (string folder in Folders(Environment.GetEnvironmentVariable))
                foreach (string name in library.Names)
                {
                    string path = Path.Combine(folder, name);
                    if (File.Exists(path) && NativeLibrary.TryLoad(path, out library.Handle))
                    {
                        library.Path = path;
                        return library.Handle;
                    }
                }
            foreach (string name in library.Names)
                if (NativeLibrary.TryLoad(name, out library.Handle)) return library.Handle;
            return 0;
        }
    }

    // What the system's own search found is known to the kernel only.
    private static string LoadedPath(Library library)
    {
        if (library.Path is not null || !File.Exists("/proc/self/maps")) return library.Path ?? library.Names[0];
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int slash = line.IndexOf('/', StringComparison.Ordinal);
            if (slash >= 0 && Path.GetFileName(line[slash..]).StartsWith("lib" + library.Key + ".so", StringComparison.Ordinal)) return library.Path = line[slash..];
        }
        return library.Names[0];
    }

    private sealed class Library(string name, string key, string[] linux, string[] windows)
    {
        public nint Handle;

        public string Name { get; } = name;
        public string Key { get; } = key;
        public string[] Names { get; } = OperatingSystem.IsWindows() ? windows : linux;
        public string? Path { get; set; }
    }
}
