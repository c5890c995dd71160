using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Export;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output;

/// <summary>The result of compress as a person reads it.</summary>
internal static class CompressionTable
{
    /// <summary>Sizes and perplexities, what each step gave, times, and where the results run.</summary>
    public static void Print(CompressionOptions options, CompressionResult result, IReadOnlyList<ExportResult> exports)
    {
        var table = new Table()
            .Border(TableBorder.Simple)
            .Title($"{options.Method.ToString().ToLowerInvariant()}, surgeon {options.Surgeon.ToString().ToLowerInvariant()}");
        foreach (string column in (string[])["kept", "reached", "linear parameters", "MiB", "perplexity", "folder"])
            table.AddColumn(column);
        for (int i = 0; i < 5; i++)
            table.Columns[i].RightAligned();
        foreach (var model in result.Models)
            table.AddRow(
                Number(model.Ratio, "0.###"),
                Number(model.AchievedRatio, "F4"),
                Number(model.ParametersAfter, "N0"),
                Number(model.Bytes / 1048576.0, "N1"),
                model.Perplexity is { } p ? PerplexityText.WithError(p.Ppl, p.MeanNll, p.LogSe) : "",
                Markup.Escape(model.Folder)
            );
        AnsiConsole.Write(table);
        foreach (var model in result.Models.Where(m => m.Tasks.Count > 0))
        {
            Console.WriteLine($"kept {Number(model.Ratio, "0.###")}: tasks before (a) and after (b)");
            ComparisonView.PrintTasks(model.Tasks);
        }
        foreach (var model in result.Models.Where(m => m.Steps.Count > 0))
            PrintSteps(model);
        PrintStages(result.Stages);
        foreach (var export in exports)
            ExportView.Print(export);
        foreach (var model in result.Models)
            PrintWaysOut(model.Folder);
        Console.WriteLine($"svdsurgeon report {Path.GetDirectoryName(result.Models[0].Folder)} makes a page of it.");
    }

    /// <summary>Times of the stages and the memory, in one line.</summary>
    public static void PrintStages(IReadOnlyList<StageTime> stages)
    {
        if (stages.Count > 0)
            Console.WriteLine(
                string.Join(
                    ", ",
                    stages.Select(stage => stage.Reused ? $"{stage.Name} reused" : $"{stage.Name} {Number(stage.Seconds, "F1")} s")
                ) + $"; peak {Number(ProcessMemory.PeakMiB(), "N0")} MiB"
            );
    }

    // Where a result runs, and the one command for it.
    private static void PrintWaysOut(string folder)
    {
        Console.WriteLine($"{folder} runs here: svdsurgeon generate {folder} --prompt \"Once upon a time\"");
        foreach (var (runsIn, command) in Exporter.WaysOut(folder))
            Console.WriteLine($"  in {runsIn}: {command}");
    }

    // The way to the result on held-out calibration sequences; the change is that of log perplexity against the best before.
    private static void PrintSteps(CompressedModel model)
    {
        var table = new Table().Border(TableBorder.Simple).Title($"kept {Number(model.Ratio, "0.###")}: what each step gave");
        foreach (string column in (string[])["step", "held-out perplexity", "change", ""])
            table.AddColumn(column);
        table.Columns[1].RightAligned();
        table.Columns[2].RightAligned();
        foreach (var step in model.Steps)
            table.AddRow(
                step.Name,
                PerplexityText.Of(step.HeldOutLoss),
                step.Change is { } change ? $"{Number(change, "+0.0000;-0.0000")} ± {Number(step.ChangeError!.Value, "F4")}" : "",
                step.Kept ? "kept" : ""
            );
        AnsiConsole.Write(table);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
