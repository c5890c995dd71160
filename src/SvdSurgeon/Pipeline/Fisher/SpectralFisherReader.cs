using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Formats.SafeTensors;

namespace SvdSurgeon.Pipeline.Fisher;

/// <summary>
/// Reads the spectral Fishers of one layer's modules, several at once; their files are opened once and not for every module.
/// </summary>
/// <param name="paths">The files.</param>
/// <param name="read">The Fisher of a module, for all the components that were collected, from the open files.</param>
internal sealed class SpectralFisherReader(IReadOnlyList<string> paths, Func<IReadOnlyList<SafeTensorsFile>, string, SpectralFisher> read)
    : IDisposable
{
    private readonly IReadOnlyList<SafeTensorsFile> _files = OpenAll(paths);

    /// <summary>The spectral Fisher of a module, for all the components that were collected.</summary>
    public SpectralFisher Fisher(string module) => read(_files, module);

    public void Dispose() => Close(_files);

    private static List<SafeTensorsFile> OpenAll(IReadOnlyList<string> paths)
    {
        var files = new List<SafeTensorsFile>();
        try
        {
            foreach (string path in paths)
                files.Add(SafeTensorsFile.Open(path));
            return files;
        }
        catch
        {
            Close(files);
            throw;
        }
    }

    private static void Close(IReadOnlyList<SafeTensorsFile> files)
    {
        foreach (var file in files)
            file.Dispose();
    }
}
