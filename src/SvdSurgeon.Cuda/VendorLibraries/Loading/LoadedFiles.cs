namespace SvdSurgeon.Cuda.VendorLibraries.Loading;

/// <summary>Where a library lies that the system's own search has loaded.</summary>
internal static class LoadedFiles
{
    /// <summary>The file behind a bare name, as far as the system tells; otherwise the name.</summary>
    public static string PathOf(string name)
    {
        const string maps = "/proc/self/maps";
        if (Path.IsPathRooted(name) || !File.Exists(maps))
            return name;
        foreach (string line in File.ReadLines(maps))
        {
            // The file behind libcuda.so.1 may be called libcuda.so.580.65.06: what they share is the name before the version.
            int slash = line.IndexOf('/', StringComparison.Ordinal);
            if (slash >= 0 && Path.GetFileName(line[slash..]).StartsWith(name.Split(".so")[0] + ".so", StringComparison.Ordinal))
                return line[slash..];
        }
        return name;
    }
}
