using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Cli.Output.Results;

namespace SvdSurgeon.Cli.Output.Sweep;

/// <summary>
/// Methods × sizes as people and papers have them: the perplexity, its increase over the dense model's, the increase's error.
/// </summary>
/// <param name="Cells">Every result.</param>
/// <param name="DensePerplexity">Of the model that all were made from.</param>
/// <param name="DenseBytes">Size of its files.</param>
/// <param name="Windows">How many windows were measured.</param>
/// <param name="Length">Tokens of each.</param>
internal sealed record SweepTable(IReadOnlyList<SweepCell> Cells, double DensePerplexity, long DenseBytes, int Windows, int Length)
{
    private const string Dense = "dense";

    private IEnumerable<string> Sizes => Cells.Select(cell => cell.Size).Distinct();

    private IEnumerable<string> Methods => Cells.Select(cell => cell.Method).Distinct();

    private string Caption =>
        $"Perplexity over {Windows} windows of {Length} tokens and its increase over the dense model's, ± the paired standard error; "
        + "* better than every other method of its size by more than two errors of the difference.";

    /// <summary>Prints it.</summary>
    /// <exception cref="InvalidInputException">There is no such format.</exception>
    public void Print(string format)
    {
        switch (format)
        {
            case "text":
                var table = NumberTable.With(["", .. Sizes]);
                foreach (string[] row in Rows())
                    table.AddRow([.. row.Select(Markup.Escape)]);
                NumberTable.Write(table);
                Console.WriteLine(Caption);
                break;
            case "markdown":
                Console.WriteLine($"| method | {string.Join(" | ", Sizes)} |");
                Console.WriteLine("| --- |" + string.Concat(Sizes.Select(_ => " --- |")));
                foreach (string[] row in Rows())
                    Console.WriteLine($"| {string.Join(" | ", row)} |");
                Console.WriteLine();
                Console.WriteLine(Caption);
                break;
            case "latex":
                Console.WriteLine($@"\begin{{tabular}}{{l{new string('r', Sizes.Count())}}} \toprule");
                Console.WriteLine($@"method & {string.Join(" & ", Sizes)} \\ \midrule");
                foreach (string[] row in Rows())
                    Console.WriteLine($@"{string.Join(" & ", row.Select(Latex))} \\");
                Console.WriteLine(@"\bottomrule \end{tabular}");
                Console.WriteLine("% " + Caption);
                break;
            case "csv":
                Console.WriteLine("method,size,bytes,windows,window_length,ppl,mean_nll,excess,excess_se,best");
                Console.WriteLine(
                    Invariant($"{Dense},,{DenseBytes},{Windows},{Length},{DensePerplexity:R},{Math.Log(DensePerplexity):R},0,0,")
                );
                foreach (var c in Cells)
                    Console.WriteLine(
                        Invariant($"{c.Method},{c.Size},{c.Bytes},{Windows},{Length},{c.Perplexity:R},{c.MeanLoss:R},")
                            + Invariant($"{c.Excess.Value:R},{c.Excess.Error:R},{(c.IsBest(Cells) ? 1 : 0)}")
                    );
                break;
            case "json":
                JsonOutput.Write(ToJson());
                break;
        }
    }

    private JsonObject ToJson() =>
        new()
        {
            ["dense_ppl"] = DensePerplexity,
            ["dense_bytes"] = DenseBytes,
            ["windows"] = Windows,
            ["window_length"] = Length,
            ["results"] = new JsonArray([
                .. Cells.Select(cell => new JsonObject
                {
                    ["method"] = cell.Method,
                    ["size"] = cell.Size,
                    ["bytes"] = cell.Bytes,
                    ["ppl"] = double.IsFinite(cell.Perplexity) ? cell.Perplexity : null,
                    ["mean_nll"] = cell.MeanLoss,
                    ["excess"] = cell.Excess.Value,
                    ["excess_se"] = cell.Excess.Error,
                    ["best"] = cell.IsBest(Cells),
                }),
            ]),
        };

    private IEnumerable<string[]> Rows()
    {
        yield return [Dense, .. Sizes.Select(_ => Number(DensePerplexity))];
        foreach (string method in Methods)
            yield return [method, .. Sizes.Select(size => Text(Cells.FirstOrDefault(c => c.Method == method && c.Size == size)))];
    }

    private string Text(SweepCell? cell) =>
        cell is null
            ? ""
            : $"{Number(cell.Perplexity)} {ResultTable.Change(Math.Exp(cell.Excess.Value))}"
                + (cell.Excess.Error is { } error ? Invariant($" ± {100 * error:G2}") : "")
                + (cell.IsBest(Cells) ? "*" : "");

    private static string Latex(string text) =>
        text.Replace("%", @"\%", StringComparison.Ordinal)
            .Replace("±", @"$\pm$", StringComparison.Ordinal)
            .Replace("−", "$-$", StringComparison.Ordinal);

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
