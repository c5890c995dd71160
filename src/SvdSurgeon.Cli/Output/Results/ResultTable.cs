using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Evaluation;

namespace SvdSurgeon.Cli.Output.Results;

/// <summary>Results beside the model that they were made from: sizes, perplexities, and what both changed by.</summary>
internal static class ResultTable
{
    /// <summary>Header of the kept fractions.</summary>
    public const string Kept = "kept";

    /// <summary>Header of the bits per weight.</summary>
    public const string Bits = "bits";

    // A model whose perplexity is this many times the dense model's says little that makes sense.
    private const double Ruined = 2;

    /// <summary>The dense model first, then the results.</summary>
    /// <param name="measure">What <see cref="ResultRow.Measure"/> is: kept fraction or bits per weight.</param>
    /// <param name="dense">The dense model.</param>
    /// <param name="rows">The results.</param>
    public static void Print(string measure, ResultRow dense, IReadOnlyList<ResultRow> rows)
    {
        bool evaluated = dense.Perplexity is not null;
        var table = NumberTable.With([
            "",
            measure,
            "size",
            "change",
            .. evaluated ? new[] { $"ppl ({Window(dense.Perplexity!)})", "change" } : [],
        ]);
        foreach (var row in rows.Prepend(dense))
            table.AddRow([.. Cells(row, dense, evaluated)]);
        NumberTable.Write(table);
        foreach (string sentence in Sentences(dense, rows, measure == Kept))
            Console.WriteLine(sentence);
    }

    /// <summary>"−4.2 %", with as many digits as a difference needs; "0 %" where there is none.</summary>
    public static string Change(double ratio)
    {
        double percent = 100 * (ratio - 1);
        string format = Math.Abs(percent) < 10 ? "+0.0;−0.0;0" : "+#,0;−#,0;0";
        return double.IsFinite(percent) ? percent.ToString(format, CultureInfo.InvariantCulture) + " %" : "";
    }

    /// <summary>"256 tokens": perplexities of different windows cannot be compared.</summary>
    public static string Window(PerplexityResult perplexity) =>
        string.Create(CultureInfo.InvariantCulture, $"{perplexity.Tokens / perplexity.Windows:N0} tokens");

    private static IEnumerable<string> Cells(ResultRow row, ResultRow dense, bool evaluated)
    {
        yield return Markup.Escape(row.Name);
        yield return row.Measure;
        yield return Bytes.Text(row.Bytes);
        yield return row == dense ? "" : Change((double)row.Bytes / dense.Bytes);
        if (!evaluated)
            yield break;
        var (measured, reference) = (row.Perplexity!, dense.Perplexity!);
        yield return PerplexityText.WithError(measured.Ppl, measured.MeanNll, measured.LogSe);
        yield return row == dense ? "" : Change(Math.Exp(measured.MeanNll - reference.MeanNll));
    }

    private static IEnumerable<string> Sentences(ResultRow dense, IReadOnlyList<ResultRow> rows, bool ranks)
    {
        foreach (var row in rows)
        {
            if (SizeWarning.Of(row.Name, row.Bytes, dense.Bytes, ranks) is { } larger)
                yield return larger;
            if (
                row.Perplexity is { } measured
                && dense.Perplexity is { } reference
                && measured.MeanNll - reference.MeanNll > Math.Log(Ruined)
            )
                yield return $"{row.Name} has more than {Ruined} times the dense model's perplexity: do not expect it to make sense. "
                    + $"{(ranks ? "Keep more, or give --bits 4.5." : "Give more bits.")}";
        }
    }
}
