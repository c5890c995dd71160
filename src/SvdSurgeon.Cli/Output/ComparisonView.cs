using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Comparing;

namespace SvdSurgeon.Cli.Output;

/// <summary>A comparison of two models as a person reads it.</summary>
internal static class ComparisonView
{
    public static void Print(IReadOnlyList<TextComparison> texts, IReadOnlyList<TaskComparison> tasks)
    {
        if (texts.Count > 0)
            PrintTexts(texts);
        if (tasks.Count > 0)
            PrintTasks(tasks);
        Console.WriteLine("A difference of less than two of its errors (t between −2 and 2) may be chance.");
    }

    /// <summary>Tasks of two models side by side.</summary>
    public static void PrintTasks(IReadOnlyList<TaskComparison> tasks)
    {
        var table = Columns("task", "items", "acc of a", "acc of b", "difference", "t", "acc_norm difference", "gained, lost");
        foreach (var task in tasks)
            table.AddRow(
                task.First.Task,
                Number(task.First.Items.Count, "N0"),
                WithError(task.First.Accuracy, "F4"),
                WithError(task.Second.Accuracy, "F4"),
                WithError(task.Accuracy, "+0.0000;-0.0000;0.0000"),
                T(task.Accuracy.T),
                task.NormalizedAccuracy is { } normalized ? WithError(normalized, "+0.0000;-0.0000;0.0000") : "",
                $"{task.Gained}, {task.Lost}"
            );
        AnsiConsole.Write(table);
    }

    private static void PrintTexts(IReadOnlyList<TextComparison> texts)
    {
        var losses = Columns("text", "tokens", "perplexity of a", "of b", "difference of loss", "t", "t by window");
        foreach (var text in texts)
            losses.AddRow(
                Markup.Escape(text.Name),
                $"{Number(text.Tokens, "N0")} in {text.Windows} windows",
                Number(Math.Exp(text.First.Value), "G5"),
                Number(Math.Exp(text.Second.Value), "G5"),
                WithError(text.Difference, "+0.00000;-0.00000;0.00000"),
                T(text.Difference.T),
                T(text.DifferenceOfWindows.T)
            );
        AnsiConsole.Write(losses);
        var divergences = Columns("text", "KL(a, b), mean", "median", "99 %", "largest", "same top token");
        foreach (var text in texts)
            divergences.AddRow(
                Markup.Escape(text.Name),
                WithError(text.Divergence, "G4"),
                Number(text.DivergenceQuantile(0.5), "G4"),
                Number(text.DivergenceQuantile(0.99), "G4"),
                Number(text.DivergenceQuantile(1), "G4"),
                $"{Number(100 * text.SameTop.Value, "F2")} % ± {Number(100 * (text.SameTop.Error ?? 0), "F2")}"
            );
        AnsiConsole.Write(divergences);
    }

    private static Table Columns(params ReadOnlySpan<string> names)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string name in names)
            table.AddColumn(name);
        for (int i = 1; i < names.Length; i++)
            table.Columns[i].RightAligned();
        return table;
    }

    private static string WithError(Mean mean, string format) =>
        Number(mean.Value, format) + (mean.Error is { } error ? $" ± {Number(error, "G2")}" : "");

    private static string T(double? t) => t is { } value ? Number(value, "F1") : "";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
