using System.CommandLine;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon clean: removes what runs keep to go on from, and what killed runs have left. Results stay.</summary>
internal static class CleanCommand
{
    public static Command Create()
    {
        var folders = new Argument<string[]>("dir")
        {
            Description = "Output folders, work folders, or folders of such folders.",
            Arity = ArgumentArity.OneOrMore,
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be removed and how much; remove nothing." };
        var command = new Command("clean", "Remove work folders' artifacts and unfinished files; results stay.") { folders, dryRun };
        command.SetAction(parsed =>
        {
            bool only = parsed.GetValue(dryRun);
            long freed = 0;
            foreach (string folder in parsed.GetRequiredValue(folders))
            {
                if (!Directory.Exists(folder))
                    throw new InvalidInputException($"{folder}: there is no such folder. Check the path.");
                freed += Clean(folder, only);
            }
            Console.WriteLine($"{Bytes.Text(freed)} {(only ? "would be freed" : "freed")}.");
            return ExitCode.Success;
        });
        return command;
    }

    private static long Clean(string folder, bool only)
    {
        using var inUse = ResultFolder.Is(folder) && !only ? ResultFolder.Hold(folder) : null;
        long freed = 0;
        foreach (string below in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal).ToList())
            freed += IsLeft(below) ? Remove(below, Size(below), only) : Clean(below, only);
        foreach (string file in Directory.EnumerateFiles(folder, "*" + AtomicFile.TemporarySuffix).ToList())
            freed += Remove(file, new FileInfo(file).Length, only);
        return freed;
    }

    private static bool IsLeft(string folder) =>
        StoredArtifact.Is(folder) || folder.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal);

    private static long Remove(string path, long bytes, bool only)
    {
        Console.WriteLine($"{Bytes.Text(bytes), 10}  {path}");
        if (only)
            return bytes;
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
        return bytes;
    }

    private static long Size(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
