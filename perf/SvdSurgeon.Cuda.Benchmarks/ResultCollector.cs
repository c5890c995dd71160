using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SvdSurgeon.Cuda.Benchmarks;

/// <summary>
/// Puts what the steps of perf/gpu.sh have printed together: results.json for programs and results.md, whose tables perf/RESULTS.md takes.
/// What did not run stands there with its reason.
/// </summary>
internal static class ResultCollector
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Reads steps.tsv (name, exit status or "-", seconds, reason) and the text of each step in a folder.</summary>
    public static int Run(string folder)
    {
        var steps = new JsonArray();
        var markdown = new StringBuilder("| step | result | s |\n| --- | --- | --- |\n");
        var tables = new StringBuilder();
        foreach (string line in File.ReadLines(Path.Combine(folder, "steps.tsv")))
        {
            string[] parts = line.Split('\t');
            var (name, status, seconds, reason) = (parts[0], parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture), parts[3]);
            string file = Path.Combine(folder, name + ".txt"),
                text = File.Exists(file) ? File.ReadAllText(file) : "";
            var step = new JsonObject { ["name"] = name, ["seconds"] = seconds };
            if (status == "-")
                step["notRun"] = reason;
            else
            {
                step["exit"] = int.Parse(status, CultureInfo.InvariantCulture);
                step["output"] = Json(text) ?? Rows(text);
                string table = string.Join('\n', text.Split('\n').Where(row => row.StartsWith('|')));
                if (table.Length > 0)
                    tables.Append(CultureInfo.InvariantCulture, $"\n### {name}\n\n{table}\n");
            }
            steps.Add(step);
            string result =
                status == "-" ? $"not run: {reason}"
                : status == "0" ? "passed"
                : $"FAILED ({status})";
            markdown.Append(CultureInfo.InvariantCulture, $"| {name} | {result} | {(status == "-" ? "" : seconds)} |\n");
        }
        File.WriteAllText(Path.Combine(folder, "results.json"), new JsonObject { ["steps"] = steps }.ToJsonString(Indented) + "\n");
        File.WriteAllText(Path.Combine(folder, "results.md"), markdown.Append(tables).ToString());
        return 0;
    }

    // What a verb with --json printed.
    private static JsonNode? Json(string text)
    {
        if (!text.StartsWith('{'))
            return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null; // cut off by the time limit: the text file has what there is
        }
    }

    // The rows of all tables, each with the names of its columns, and the lines between them.
    private static JsonArray Rows(string text)
    {
        var rows = new JsonArray();
        string[]? names = null;
        foreach (string line in text.Split('\n').Select(line => line.Trim()))
        {
            if (!line.StartsWith('|'))
            {
                names = null;
                if (line.Length > 0)
                    rows.Add(line);
                continue;
            }
            string[] cells = [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
            if (names is null)
                names = cells;
            else if (!cells.All(cell => cell.Trim('-').Length == 0))
                rows.Add(new JsonObject(names.Zip(cells, (name, cell) => KeyValuePair.Create(name, Cell(cell)))));
        }
        return rows;
    }

    private static JsonNode? Cell(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? JsonValue.Create(number)
            : JsonValue.Create(text);
}
