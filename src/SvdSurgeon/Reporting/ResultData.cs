using System.Text.Json.Nodes;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Reporting;

/// <summary>One compressed model.</summary>
internal sealed record ResultData(
    string Run,
    double Ratio,
    double Achieved,
    long Before,
    long After,
    long BytesBefore,
    long BytesAfter,
    Measured? Dense,
    Measured? Compressed,
    string? EvaluationHash,
    string ModelHash,
    string Architecture,
    CompressionOptions Options,
    CompressionOptions Chosen,
    IReadOnlyList<AutoStep> Steps,
    IReadOnlyList<ModuleRow> Modules
)
{
    /// <summary>Where it lies.</summary>
    public required string Folder { get; init; }

    /// <summary>Accuracies, where tasks were asked for.</summary>
    public IReadOnlyList<TaskMeasure> Tasks { get; init; } = [];

    /// <summary>ln of the perplexity over the dense model's.</summary>
    public double? Excess => Compressed is null || Dense is null ? null : Compressed.MeanNll - Dense.MeanNll;

    /// <summary>Reads a ratio's folder.</summary>
    public static ResultData Read(string run, string folder)
    {
        var config = JsonFile.ReadObject(Path.Combine(folder, "config.json"));
        var metrics = JsonFile.ReadObject(Path.Combine(folder, ModelMetrics.FileName));
        try
        {
            var about = config["svdsurgeon"]!;
            double ratio = (double)about["ratio"]!;
            var options = CompressionOptions.FromJson((JsonObject)about["options"]!, [ratio], Path.Combine(folder, "config.json"));
            var evaluation = metrics["evaluation"];
            return new ResultData(
                run,
                ratio,
                (double)about["achieved_ratio"]!,
                (long)about["parameters_before"]!,
                (long)about["parameters_after"]!,
                (long?)metrics["bytes_before"] ?? 0,
                Directory.EnumerateFiles(folder, "*.safetensors").Sum(file => new FileInfo(file).Length),
                evaluation is null ? null : Measured.Of(evaluation["dense"]!),
                evaluation is null ? null : Measured.Of(evaluation["compressed"]!),
                (string?)evaluation?["token_hash"],
                about["model_hash"]!.GetValue<string>(),
                ModelingFile.PlainModelType((string?)config["model_type"] ?? ""),
                options,
                about["chosen"] is JsonObject chosen
                    ? CompressionOptions.FromJson(chosen, [ratio], Path.Combine(folder, "config.json"))
                    : options,
                about["auto"] is JsonArray steps ? [.. steps.Select(step => AutoStep.FromJson(step!))] : [],
                metrics["modules"] is JsonArray modules ? [.. modules.Select(module => ModuleRow.Of(module!))] : []
            )
            {
                Folder = folder,
                Tasks = metrics["tasks"] is JsonArray tasks ? [.. tasks.Select(task => TaskMeasure.Of(task!))] : [],
            };
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(
                $"{folder}: config.json or {ModelMetrics.FileName} is damaged or of another version. Run the compression again.",
                e
            );
        }
    }
}
