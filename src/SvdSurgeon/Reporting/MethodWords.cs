using System.Text.Json.Nodes;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Reporting;

/// <summary>Options in words: a short label for charts, a sentence for people.</summary>
internal static class MethodWords
{
    // Options that say how much was computed or how it is stored, not which method it is.
    private static readonly string[] Quantities =
    [
        "method",
        "surgeon",
        "sequences",
        "fisher_sequences",
        "kl_sequences",
        "scale",
        "damping",
        "hdamping",
        "alpha",
        "fisher",
        "first_order",
        "shrinkage",
        "whitening",
        "dense",
        "dtype",
    ];
    private static readonly JsonObject Defaults = new CompressionOptions { Ratios = [] }.ToJson();

    /// <summary>Such as "whiten + columns preserve + surgeon".</summary>
    public static string Label(CompressionOptions options)
    {
        if (options.Method.IsSearch)
            return options.Method.Name;
        var parts = new List<string> { options.Method.Name };
        parts.AddRange(
            Changed(options).Where(change => !Quantities.Contains(change.Key)).Select(change => Words(change.Key, change.Value))
        );
        if (options.Surgeon != SurgeonMode.None)
            parts.Add(
                (options.Surgeon == SurgeonMode.Select ? "surgeon select" : "surgeon")
                    + (options.Fisher == FisherSamples.Tokens ? " (tokens)" : "")
            );
        return string.Join(" + ", parts);
    }

    /// <summary>A sentence.</summary>
    public static string Sentence(CompressionOptions options)
    {
        string method = char.ToUpperInvariant(options.Method.Sentence[0]) + options.Method.Sentence[1..];
        if (options.Method.IsSearch)
            return method + ".";
        string surgeon = options.Surgeon switch
        {
            SurgeonMode.None => "no surgeon",
            SurgeonMode.Select => $"SVD-Surgeon chooses and corrects the kept singular values, Fisher from {Name(options.Fisher)}",
            _ => $"SVD-Surgeon corrects the kept singular values, Fisher from {Name(options.Fisher)}",
        };
        var others = Changed(options)
            .Where(change => change.Key is not ("method" or "surgeon" or "fisher" or "sequences" or "fisher_sequences"))
            .Select(change => Words(change.Key, change.Value))
            .ToList();
        return $"{method}; {surgeon}{(others.Count == 0 ? "" : "; " + string.Join(", ", others))}. At most {options.Sequences} "
            + $"calibration sequences{(options.Surgeon == SurgeonMode.None ? "" : $", {options.FisherSequences} for the Fisher")}.";
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Changed(CompressionOptions options) =>
        options.ToJson().Where(option => !JsonNode.DeepEquals(option.Value, Defaults[option.Key]));

    private static string Words(string key, JsonNode? value) =>
        value switch
        {
            JsonObject parts => $"{key} {string.Join(" ", parts.Select(part => $"{part.Key} {part.Value?.ToJsonString()}"))}",
            JsonValue flag when flag.TryGetValue(out bool _) => key.Replace('_', ' '),
            JsonValue text when text.TryGetValue(out string? word) => $"{key.Replace('_', ' ')} {word}",
            _ => $"{key.Replace('_', ' ')} {value?.ToJsonString()}",
        };

    private static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
