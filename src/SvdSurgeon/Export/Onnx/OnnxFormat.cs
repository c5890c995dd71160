using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Formats.Onnx;
using SvdSurgeon.IO;

namespace SvdSurgeon.Export.Onnx;

/// <summary>
/// A folder that ONNX Runtime GenAI and transformers.js load: model.onnx with model.onnx.data, genai_config.json, config.json and the
/// tokenizer. Factored modules stay factored.
/// </summary>
internal sealed class OnnxFormat : IExportFormat
{
    /// <inheritdoc/>
    public string Name => "onnx";

    /// <inheritdoc/>
    public string RunsIn => "ONNX Runtime GenAI, transformers.js";

    /// <inheritdoc/>
    public IReadOnlyList<string> Types { get; } = ["f32", "f16", "int8", "int4"];

    /// <inheritdoc/>
    public string Suffix => "-onnx";

    /// <inheritdoc/>
    public PreparedExport Prepare(ExportModel model, ExportOptions options, string output)
    {
        if (options.Adapter)
            throw new InvalidInputException("--adapter: an ONNX folder keeps factors by itself; leave the option out.");
        if (options.TensorTypes.Count > 0)
            throw new InvalidInputException("--tensor-type: an ONNX folder has one type for all matrices; give --type.");
        var graph = DecoderGraph.Build(model, TypeOf(options.Type ?? Types[0]));
        var tokenizer = options.WithoutTokenizer ? null : OnnxTokenizer.Find(model);
        OutputFolder.EnsureUsable(output);
        return new(
            tokenizer is null ? ["The folder has no tokenizer (--no-tokenizer): programs can give it token ids, but no text."] : [],
            $"dotnet run --project samples/GenAiChat {output}",
            cancellation => Write(model.Source, graph, tokenizer, output, cancellation)
        );
    }

    private static OnnxWeightType TypeOf(string word) =>
        word switch
        {
            "f32" => OnnxWeightType.F32,
            "f16" => OnnxWeightType.F16,
            "int8" => OnnxWeightType.Int8,
            "int4" => OnnxWeightType.Int4,
            _ => throw new ArgumentOutOfRangeException(nameof(word)),
        };

    private static string[] Write(Checkpoint source, OnnxGraph graph, OnnxTokenizer? tokenizer, string path, CancellationToken cancellation)
    {
        using var folder = OutputFolder.Create(path);
        OnnxModelFile.Write(graph, folder.Temporary, cancellation);
        WriteJson(GenAiConfig.FileName, GenAiConfig.Of(source.Config));
        WriteJson("config.json", HuggingFaceConfigOf(source));
        tokenizer?.Write(folder.Temporary);
        folder.Commit();
        return Directory.GetFiles(path);

        void WriteJson(string name, JsonObject json) =>
            AtomicFile.WriteAllText(Path.Combine(folder.Temporary, name), JsonText.Indented(json));
    }

    // For transformers.js, which goes by the model's type. That modules are factored is a matter of the graph alone.
    private static JsonObject HuggingFaceConfigOf(Checkpoint source)
    {
        var config = ModelingFile.Plain(source.ConfigJson);
        config.Remove("svdsurgeon");
        config.Remove("quantization_config");
        return config;
    }
}
