using SvdSurgeon.Compare.Processes;
using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare.Measures;

/// <summary>How long the program takes before it does anything: as built, and compiled ahead as it is published.</summary>
internal sealed class StartUp : IMeasure
{
    private const int Processes = 10;

    public string Name => "start-up";

    public Section Run(Comparison comparison)
    {
        var section = new Section("Start-up");
        section.Say(
            $"Wall time of {Processes} processes each, alternating, in milliseconds. ReadyToRun: `dotnet publish "
                + $"-p:PublishReadyToRun=true --use-current-runtime --self-contained false`."
        );
        var programs = new List<(string Name, string Path)> { ("as built", comparison.Svdsurgeon) };
        string? why = comparison.Settings.Quick ? "--quick" : null;
        if (why is null)
            try
            {
                programs.Add(("ReadyToRun", Publish(comparison.NewFolder())));
            }
            catch (InvalidInputException error)
            {
                why = error.Message;
            }
        var table = new Table("program", "command", "median, ms", "every process");
        foreach (
            string[] command in (string[][])
                [
                    ["--help"],
                    ["inspect", comparison.Model],
                ]
        )
        {
            var times = programs.ToDictionary(p => p.Path, _ => new List<double>());
            Comparison.Repeat(
                $"{Name}, {command[0]}",
                Processes,
                _ =>
                {
                    foreach (var (_, path) in programs)
                        times[path].Add(1e3 * MeasuredProcess.Run(path, command).Wall);
                }
            );
            foreach (var (name, path) in programs)
                table.Add(
                    name,
                    $"svdsurgeon {command[0]}",
                    ComparisonTable.Number(Samples.Median(times[path])),
                    string.Join("; ", times[path].Select(ComparisonTable.Number))
                );
        }
        section.Add(table.Lines());
        if (why is not null)
            section.Add([$"ReadyToRun not measured: {why}"]);
        return section;
    }

    private static string Publish(string folder)
    {
        MeasuredProcess.Run(
            "dotnet",
            [
                "publish",
                Path.Combine(Repository.Root, "src", "SvdSurgeon.Cli"),
                "-c",
                "Release",
                "-p:PublishReadyToRun=true",
                "--use-current-runtime",
                "--self-contained",
                "false",
                "-o",
                folder,
            ]
        );
        return Path.Combine(folder, OperatingSystem.IsWindows() ? "svdsurgeon.exe" : "svdsurgeon");
    }
}
