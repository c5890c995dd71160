using System.Globalization;
using System.Text.RegularExpressions;
using Spectre.Console;
using SvdSurgeon.Models.Linear;

namespace SvdSurgeon.Cli.Output;

/// <summary>The linear modules of a model, a row for every kind: layers are mostly alike.</summary>
internal static partial class ModuleKinds
{
    /// <summary>So many modules need no summary.</summary>
    public const int Few = 8;

    /// <summary>A table with a row per kind, ranges over the layers; or with a row per module.</summary>
    /// <param name="modules">In data-flow order.</param>
    /// <param name="all">A row per module.</param>
    public static Table Of(IReadOnlyList<LinearModule> modules, bool all)
    {
        var table = NumberTable.With(all ? "module" : "modules", all ? "" : "layers", "shape", "form", "rank", "parameters", "type");
        foreach (var kind in modules.GroupBy(module => all ? module.Name : Kind(module.Name)))
            table.AddRow(
                Markup.Escape(kind.Key),
                all ? "" : Layers([.. kind.Select(module => Layer(module.Name)).OfType<int>()]),
                Distinct(kind, module => $"{module.OutFeatures} × {module.InFeatures}"),
                Distinct(kind, module => module.Kind),
                Range([.. kind.Select(module => module.Rank).OfType<int>()]),
                kind.Sum(module => module.ParameterCount).ToString("N0", CultureInfo.InvariantCulture),
                Distinct(kind, StorageType)
            );
        return table;
    }

    /// <summary>Types that a module's numbers are stored in.</summary>
    public static string StorageType(LinearModule module) =>
        string.Join(" ", module.StoredTensors.Select(t => t.Type.ToString()).Distinct());

    /// <summary>"self_attn.q_proj" of "model.layers.3.self_attn.q_proj".</summary>
    public static string Kind(string module) =>
        Number().Match(module) is { Success: true } match ? module[(match.Index + match.Length)..] : module;

    /// <summary>"0–29", "0–3, 5".</summary>
    public static string Layers(IReadOnlyList<int> layers)
    {
        var parts = new List<string>();
        for (int i = 0, first = 0; i < layers.Count; i++)
            if (i + 1 == layers.Count || layers[i + 1] != layers[i] + 1)
            {
                parts.Add(first == i ? $"{layers[i]}" : $"{layers[first]}–{layers[i]}");
                first = i + 1;
            }
        return parts.Count > 3 ? $"{layers.Count} of {layers[0]}–{layers[^1]}" : string.Join(", ", parts);
    }

    /// <summary>"48", "48–96", or nothing.</summary>
    public static string Range(IReadOnlyList<int> numbers) =>
        numbers.Count == 0 ? ""
        : numbers.Min() == numbers.Max() ? $"{numbers[0]}"
        : $"{numbers.Min()}–{numbers.Max()}";

    /// <summary>Number of the layer in a module's name; null where there is none.</summary>
    public static int? Layer(string module) =>
        Number().Match(module) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    private static string Distinct(IEnumerable<LinearModule> modules, Func<LinearModule, string> text)
    {
        List<string> texts = [.. modules.Select(text).Distinct()];
        return texts.Count > 2 ? $"{texts.Count} kinds" : string.Join(", ", texts);
    }

    [GeneratedRegex(@"\.(\d+)\.")]
    private static partial Regex Number();
}
