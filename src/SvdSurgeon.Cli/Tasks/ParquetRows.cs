using System.Collections;
using System.Text.Json.Nodes;
using Parquet.Serialization;
using SvdSurgeon.Evaluation.Tasks;

namespace SvdSurgeon.Cli.Tasks;

/// <summary>Task files in Parquet, as the hub ships most sets. The library reads JSON lines alone, for it has no packages.</summary>
internal static class ParquetRows
{
    /// <summary>Whether a path is for this reader.</summary>
    public static bool IsParquet(string path) => path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);

    /// <summary>The items of a file, in order.</summary>
    /// <exception cref="InvalidInputException">The file is missing, damaged or empty, or has a column of another kind.</exception>
    public static IReadOnlyList<TaskRow> Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"{path}: the file does not exist. Check the path.");
        IList<Dictionary<string, object>> rows;
        try
        {
            using var stream = File.OpenRead(path);
            rows = ParquetSerializer.DeserializeUntypedAsync(stream).GetAwaiter().GetResult().Data;
        }
        // The package throws whatever the damaged bytes lead it to.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidInputException(
                $"{path}: the file is no Parquet file, or damaged ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).",
                e
            );
        }
        if (rows.Count == 0)
            throw new InvalidInputException($"{path}: there is no item in it.");
        return [.. rows.Select((row, i) => new TaskRow(Fields(row, $"{path}: row {i + 1}"), $"{path}: row {i + 1}"))];
    }

    private static JsonObject Fields(IDictionary row, string where)
    {
        var fields = new JsonObject();
        foreach (DictionaryEntry entry in row)
            fields[(string)entry.Key] = Node(entry.Value, $"{where}, column '{entry.Key}'");
        return fields;
    }

    private static JsonNode? Node(object? value, string where) =>
        value switch
        {
            null => null,
            string text => text,
            ReadOnlyMemory<char> text => text.ToString(),
            bool flag => flag,
            sbyte or byte or short or ushort or int or uint or long => Convert.ToInt64(value, null),
            float or double => Convert.ToDouble(value, null),
            IDictionary group => Fields(group, where),
            IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(entry => Node(entry, where))]),
            _ => throw new InvalidInputException($"{where}: values of the kind {value.GetType().Name} belong to no task."),
        };
}
