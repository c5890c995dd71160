namespace SvdSurgeon.IO;

/// <summary>Checks, before any work, that a new file can be made.</summary>
internal static class OutputFile
{
    /// <summary>Makes sure that nothing is at <paramref name="path"/> and that its folder exists.</summary>
    /// <exception cref="InvalidInputException">There is something of this name, or no folder to put it in.</exception>
    public static void EnsureUsable(string path)
    {
        if (File.Exists(path) || Directory.Exists(path))
            throw new InvalidInputException(
                $"{path}: there is something of this name already. Choose another output or remove it; nothing is written over."
            );
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new InvalidInputException($"{path}: the folder {folder} does not exist. Create it or choose another output.");
    }
}
