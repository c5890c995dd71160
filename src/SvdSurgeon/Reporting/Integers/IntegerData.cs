using System.Text.Json.Nodes;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Reporting.Integers;

/// <summary>One model of integers.</summary>
/// <param name="Run">Name of its output folder.</param>
/// <param name="Name">Name of its own folder.</param>
/// <param name="Label">How it was rounded, in words.</param>
/// <param name="IsControl">It is there to compare with.</param>
/// <param name="Bits">Bits per weight of the linear modules.</param>
/// <param name="Bytes">Size of the weight files.</param>
/// <param name="Dense">Perplexity of the dense model; null without evaluation.</param>
/// <param name="Measured">Its own; null without evaluation.</param>
/// <param name="EvaluationHash">SHA-256 of the evaluation tokens.</param>
/// <param name="ModelHash">SHA-256 of the dense model.</param>
/// <param name="Architecture">Model type.</param>
/// <param name="Steps">What the training gave on held-out sequences.</param>
/// <param name="ModuleBits">Bits of every module, by name.</param>
internal sealed record IntegerData(
    string Run,
    string Name,
    string Label,
    bool IsControl,
    double Bits,
    long Bytes,
    Measured? Dense,
    Measured? Measured,
    string? EvaluationHash,
    string ModelHash,
    string Architecture,
    IReadOnlyList<AutoStep> Steps,
    IReadOnlyDictionary<string, int> ModuleBits
)
{
    /// <summary>ln of the perplexity over the dense model's.</summary>
    public double? Excess => Measured is null || Dense is null ? null : Measured.MeanNll - Dense.MeanNll;

    /// <summary>Folders of such results in an output folder.</summary>
    public static IEnumerable<string> Folders(string folder) =>
        new[] { "bits-*", "size-*" }
            .SelectMany(pattern => Directory.EnumerateDirectories(folder, pattern))
            .Order(StringComparer.Ordinal)
            .Where(result => File.Exists(Path.Combine(result, ModelMetrics.FileName)));

    /// <summary>Reads a result's folder.</summary>
    /// <exception cref="InvalidInputException">One of its files is damaged.</exception>
    public static IntegerData Read(string run, string folder)
    {
        var config = JsonFile.ReadObject(Path.Combine(folder, "config.json"));
        var evaluation = JsonFile.ReadObject(Path.Combine(folder, ModelMetrics.FileName))["evaluation"];
        try
        {
            var about = config["svdsurgeon"]!;
            var options = about["options"]!;
            string rounding = (string)options["rounding"]!;
            bool equal = (bool)options["equal_bits"]!;
            return new IntegerData(
                run,
                Path.GetFileName(folder),
                Words(rounding, equal, (int)options["effort"]!),
                rounding != "feedback" || equal,
                (double)about["bits_per_weight"]!,
                Directory.EnumerateFiles(folder, "*.safetensors").Sum(file => new FileInfo(file).Length),
                evaluation is null ? null : Reporting.Measured.Of(evaluation["dense"]!),
                evaluation is null ? null : Reporting.Measured.Of(evaluation["compressed"]!),
                (string?)evaluation?["token_hash"],
                (string)about["model_hash"]!,
                ModelingFile.PlainModelType((string?)config["model_type"] ?? ""),
                about["auto"] is JsonArray steps ? [.. steps.Select(step => AutoStep.FromJson(step!))] : [],
                about["module_bits"]!
                    .AsObject()
                    .ToDictionary(m => m.Key, m => (int)(m.Value is JsonObject form ? form["bits"] : m.Value)!, StringComparer.Ordinal)
            );
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(
                $"{folder}: config.json or {ModelMetrics.FileName} is damaged or of another version. Run the compression again.",
                e
            );
        }
    }

    private static string Words(string rounding, bool equal, int effort) =>
        (
            rounding switch
            {
                "gptq" => "GPTQ",
                "nearest" => "nearest",
                _ => "integers",
            }
        )
        + (equal ? ", equal bits" : ", chosen bits")
        + (effort > 1 ? ", trained" : "");
}
