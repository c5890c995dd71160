using System.Text.Json.Nodes;
using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>
/// Reads a Hugging Face config.json into a <see cref="DecoderConfig"/>; what the program cannot run exactly is refused by name.
/// </summary>
public static class HuggingFaceConfig
{
    /// <summary>Supported model_type values, for messages.</summary>
    public static string SupportedModelTypes => ArchitectureRegistry.ModelTypes;

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidModelException">The file is missing or not a JSON object.</exception>
    public static JsonObject Read(string path) => JsonFile.ReadObject(path);

    /// <summary>Interprets a config.</summary>
    /// <param name="json">The config, with the older keys (rope_theta, rope_scaling) or the newer (rope_parameters).</param>
    /// <param name="file">Where it comes from, for messages.</param>
    /// <exception cref="InvalidModelException">A key is missing or impossible, or the architecture, activation, rotary scaling or
    /// quantisation is not supported.</exception>
    public static DecoderConfig Parse(JsonObject json, string file)
    {
        var keys = new ConfigKeys(json, file);
        if (keys.Object(QuantizationConfig.Key) is { } quantization)
            _ = QuantizationConfig.Read(quantization, file); // refuses those that cannot be read
        string modelType = ModelingFile.PlainModelType(keys.Text("model_type", ""));
        if (modelType.Length == 0)
            throw new InvalidModelException($"{file}: 'model_type' is missing. Supported: {SupportedModelTypes}.");
        var architecture =
            ArchitectureRegistry.Find(modelType) ?? throw keys.Refuse("model_type", modelType, SupportedModelTypes, "Architecture");
        return architecture.ReadConfig(keys, modelType);
    }
}
