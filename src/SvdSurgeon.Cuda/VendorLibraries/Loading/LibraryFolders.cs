namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>
/// Folders that may hold cuBLAS and cuSOLVER: of toolkits, of the system, of the nvidia packages of a Python environment.
/// </summary>
/// <param name="variable">The environment.</param>
internal sealed class LibraryFolders(Func<string, string?> variable)
{
    /// <summary>
    /// The variable that names folders to look in first: library folders, toolkits, Python environments or site-packages.
    /// </summary>
    public const string Variable = "SVDSURGEON_CUDA_LIBRARIES";

    /// <summary>All places in one phrase, in their order.</summary>
    public const string Places =
        Variable
        + ", CUDA_PATH, CUDA_HOME, LD_LIBRARY_PATH, VIRTUAL_ENV, CONDA_PREFIX, Python's site-packages, /usr/local/cuda*, the system's "
        + "library folders";

    /// <summary>The folders that the user has named for this program.</summary>
    public IEnumerable<string> Named => List(Variable).SelectMany(Inside);

    /// <summary>All, the named ones first; the empty name stands for the system's own search.</summary>
    public IEnumerable<string> All =>
        Named
            .Concat(List("CUDA_PATH").Concat(List("CUDA_HOME")).SelectMany(Toolkit))
            .Concat(List("LD_LIBRARY_PATH"))
            .Concat(List("VIRTUAL_ENV").Concat(List("CONDA_PREFIX")).SelectMany(Inside))
            .Concat(PythonRoots().SelectMany(Inside))
            .Concat(Matches("/usr/local", "cuda*").SelectMany(Toolkit))
            .Concat(["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/lib", ""]);

    private static IEnumerable<string> Toolkit(string root) =>
        [Path.Combine(root, "lib64"), Path.Combine(root, "lib"), Path.Combine(root, "bin"), Path.Combine(root, "bin", "x64")];

    // A library folder itself, a toolkit, a site-packages folder (nvidia/*/lib), or an environment with one.
    private static IEnumerable<string> Inside(string root) =>
        new[] { root }
            .Concat(Toolkit(root))
            .Concat(Wheels(root))
            .Concat(Matches(Path.Combine(root, "lib"), "python3*").SelectMany(python => Wheels(Path.Combine(python, "site-packages"))))
            .Concat(Matches(Path.Combine(root, "lib"), "python3*").SelectMany(python => Wheels(Path.Combine(python, "dist-packages"))));

    private static IEnumerable<string> Wheels(string site) =>
        Matches(Path.Combine(site, "nvidia"), "*").Select(package => Path.Combine(package, "lib"));

    private IEnumerable<string> PythonRoots() => List("HOME").Select(home => Path.Combine(home, ".local")).Concat(["/usr/local", "/usr"]);

    private static IEnumerable<string> Matches(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, pattern).OrderDescending(StringComparer.Ordinal) : [];

    private string[] List(string name) =>
        (variable(name) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
