namespace SvdSurgeon.IO;

/// <summary>Checks, before any work, that a new file can be made.</summary>
internal static class OutputFile
{
    /// <summary>Makes sure that nothing is at <paramref name="path"/>.</summary>
    /// <exception cref="InvalidInputException">There is a file or a folder of this name.</exception>
    public static void EnsureUsable(string path)
    {
        if (File.Exists(path) || Directory.Exists(path))
            throw new InvalidInputException(
                $"{path}: there is something of this name already. Choose another output or remove it; nothing is written over."
            );
    }
}
