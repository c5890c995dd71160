using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Cli.Output.Results;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Export;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Cli.Output;

/// <summary>The result of compress as a person reads it.</summary>
internal static class CompressionTable
{
    /// <summary>Sizes and perplexities beside the model's, what each step gave, times, and where the results run.</summary>
    public static void Print(OpenedRecipe recipe, CompressionResult result, IReadOnlyList<ExportResult> exports)
    {
        var options = recipe.Recipe.Options;
        Console.WriteLine($"{options.Method.ToString().ToLowerInvariant()}, surgeon {options.Surgeon.ToString().ToLowerInvariant()}");
        ResultTable.Print(
            ResultTable.Kept,
            new ResultRow("dense", "1", recipe.Model.Bytes, result.Dense),
            [
                .. result.Models.Select(model => new ResultRow(
                    Path.GetFileName(model.Folder),
                    Number(model.AchievedRatio, "F4"),
                    model.Bytes,
                    model.Perplexity
                )),
            ]
        );
        foreach (var model in result.Models.Where(m => m.Tasks.Count > 0))
        {
            Console.WriteLine($"kept {Number(model.Ratio, "0.###")}: tasks before (a) and after (b)");
            ComparisonView.PrintTasks(model.Tasks);
        }
        foreach (var model in result.Models.Where(m => m.Steps.Count > 0))
            PrintSteps(model);
        Console.WriteLine(StageSummary.Line(result.Stages));
        foreach (var export in exports)
            ExportView.Print(export);
        foreach (string line in WaysOut.Lines(result.Models[0].Folder))
            Console.WriteLine(line);
        Console.WriteLine($"svdsurgeon report {Path.GetDirectoryName(result.Models[0].Folder)} makes a page of it.");
    }

    // The way to the result on held-out calibration sequences; the change is that of perplexity against the best before.
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
                step.Change is { } change
                    ? $"{ResultTable.Change(Math.Exp(change))} ± {Number(100 * step.ChangeError!.Value, "0.##")}"
                    : "",
                step.Kept ? "kept" : ""
            );
        AnsiConsole.Write(table);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
