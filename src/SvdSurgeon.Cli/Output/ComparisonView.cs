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
        var table = NumberTable.With("task", "items", "acc of a", "of b", "difference", "t", "gained, lost");
        foreach (var task in tasks)
            table.AddRow(
                task.First.Task,
                Number(task.First.Items.Count, "N0"),
                Number(task.First.Accuracy.Value, "F4"),
                Number(task.Second.Accuracy.Value, "F4"),
                WithError(task.Accuracy, "+0.0000;-0.0000;0.0000"),
                T(task.Accuracy.T),
                $"{task.Gained}, {task.Lost}"
            );
        NumberTable.Write(table);
    }

    private static void PrintTexts(IReadOnlyList<TextComparison> texts)
    {
        var losses = NumberTable.With("text", "tokens", "ppl of a", "of b", "difference of loss", "t", "by window");
        foreach (var text in texts)
            losses.AddRow(
                Markup.Escape(text.Name),
                Number(text.Tokens, "N0"),
                Number(Math.Exp(text.First.Value), "G5"),
                Number(Math.Exp(text.Second.Value), "G5"),
                WithError(text.Difference, "+0.00000;-0.00000;0.00000"),
                T(text.Difference.T),
                T(text.DifferenceOfWindows.T)
            );
        NumberTable.Write(losses);
        var divergences = NumberTable.With("text", "KL(a, b), mean", "median", "99 %", "largest", "same top token");
        foreach (var text in texts)
            divergences.AddRow(
                Markup.Escape(text.Name),
                WithError(text.Divergence, "G4"),
                Number(text.DivergenceQuantile(0.5), "G4"),
                Number(text.DivergenceQuantile(0.99), "G4"),
                Number(text.DivergenceQuantile(1), "G4"),
                $"{Number(100 * text.SameTop.Value, "F2")} % ± {Number(100 * (text.SameTop.Error ?? 0), "F2")}"
            );
        NumberTable.Write(divergences);
    }

    private static string WithError(Mean mean, string format) =>
        Number(mean.Value, format) + (mean.Error is { } error ? $" ± {Number(error, "G2")}" : "");

    private static string T(double? t) => t is { } value ? Number(value, "F1") : "";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
