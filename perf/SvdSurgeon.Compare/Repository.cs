namespace SvdSurgeon.Compare;

/// <summary>Where this program was built: svdsurgeon beside it, in the same configuration, and the sources.</summary>
internal static class Repository
{
    /// <summary>svdsurgeon as the build left it.</summary>
    /// <exception cref="InvalidInputException">It is not there.</exception>
    public static string BuiltProgram
    {
        get
        {
            // perf/SvdSurgeon.Compare/bin/CONFIGURATION/FRAMEWORK
            var framework = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
            string folder = Path.Combine(Root, "src", "SvdSurgeon.Cli", "bin", framework.Parent!.Name, framework.Name);
            string program = Path.Combine(folder, OperatingSystem.IsWindows() ? "svdsurgeon.exe" : "svdsurgeon");
            return File.Exists(program)
                ? program
                : throw new InvalidInputException($"{program} is not there. Build it, or name a svdsurgeon with --svdsurgeon.");
        }
    }

    /// <summary>Folder of SvdSurgeon.sln.</summary>
    /// <exception cref="InvalidInputException">This program was moved out of the repository.</exception>
    public static string Root
    {
        get
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, "SvdSurgeon.sln")))
                    return folder.FullName;
            throw new InvalidInputException(
                $"{AppContext.BaseDirectory} is not inside the repository. Name a svdsurgeon with --svdsurgeon."
            );
        }
    }
}
