namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>Chooses which cuBLAS and cuSOLVER to load: the newest version that the driver serves and of which both are there.</summary>
internal static class LibrarySearch
{
    /// <summary>What was found.</summary>
    /// <param name="Libraries">The pair to load, or null.</param>
    /// <param name="PassedOver">Files that were found and not taken, each with the reason.</param>
    public sealed record Result(LibraryPair? Libraries, IReadOnlyList<string> PassedOver);

    /// <summary>Looks in the folders that the user has named, then everywhere.</summary>
    /// <param name="folders">Where.</param>
    /// <param name="driverMajor">The major version of CUDA that the driver serves, or null where there is no driver.</param>
    /// <param name="isThere">Whether a file, or a bare name of the system's search, can be loaded.</param>
    public static Result Find(LibraryFolders folders, int? driverMajor, Func<string, bool> isThere)
    {
        var passedOver = new List<string>();
        foreach (
            string[] places in (string[][])
                [
                    [.. folders.Named],
                    [.. folders.All],
                ]
        )
        foreach (var generation in CudaGeneration.NewestFirst)
        {
            if (Array.Find(places, folder => isThere(Path.Combine(folder, generation.Blas))) is not { } blas)
                continue;
            string file = Path.Combine(blas, generation.Blas);
            // Beside cuBLAS first, or in the neighbouring package: CUDA 11 and 12 have one name for their cuSOLVER.
            string? solver = places
                .OrderByDescending(folder => folder == blas)
                .ThenByDescending(folder => Root(folder) == Root(blas))
                .FirstOrDefault(folder => isThere(Path.Combine(folder, generation.Solver)));
            if (generation.Major > driverMajor)
                passedOver.Add($"{file} is of CUDA {generation.Major}, and the driver serves CUDA {driverMajor}");
            else if (solver is null)
                passedOver.Add($"{file} has no {generation.Solver} to go with it");
            else
                return new Result(new LibraryPair(generation, file, Path.Combine(solver, generation.Solver)), passedOver);
        }
        return new Result(null, [.. passedOver.Distinct()]);
    }

    // nvidia of nvidia/cublas/lib.
    private static string? Root(string folder) => Path.GetDirectoryName(Path.GetDirectoryName(folder));
}
