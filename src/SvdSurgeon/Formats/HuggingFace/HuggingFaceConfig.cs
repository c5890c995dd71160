using System.Text.Json.Nodes;
using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>
/// Reads a Hugging Face config.json into a <see cref="DecoderConfig"/>; what the program cannot run exactly is refused by name.
/// </summary>
internal static class HuggingFaceConfig
{
    /// <summary>Supported model_type values, for messages.</summary>
    public static string SupportedModelTypes => ArchitectureRegistry.ModelTypes;

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidModelException">The file is missing or not a JSON object.</exception>
    public static JsonObject Read(string path) => JsonFile.ReadObject(path);

    /// <summary>Interprets a config.</summary>
    /// <param name="json">The config, with the older keys (rope_theta, rope_scaling) or the newer (rope_parameters).</param>
    /// <param name="file">Where it comes from, for messages.</param>
    /// <param name="warnings">Gets a sentence for every key that was not used or contradicts another; null where nobody reads them.</param>
    /// <param name="mostLayers">More layers the weight files cannot hold.</param>
    /// <exception cref="InvalidModelException">A key is missing or impossible, or the architecture, activation, rotary scaling or
    /// quantisation is not supported.</exception>
    public static DecoderConfig Parse(JsonObject json, string file, ICollection<string>? warnings = null, int mostLayers = int.MaxValue)
    {
        var keys = new ConfigKeys(json, file, "", warnings) { MostLayers = mostLayers };
        if (keys.Object(QuantizationConfig.Key) is { } quantization)
            _ = QuantizationConfig.Read(quantization, file); // refuses those that cannot be read
        // Results of this program name code of its own that does what is done here.
        if (keys.Has("auto_map") && !keys.Has("svdsurgeon"))
            keys.Warn(
                $"{file}: 'auto_map' names program code of the repository, which is not run here. If that code is not what "
                    + $"{keys.Text("model_type", "the model type")} stands for, the results are wrong."
            );
        string modelType = ModelingFile.PlainModelType(keys.Text("model_type", ""));
        if (modelType.Length == 0)
            throw new InvalidModelException($"{file}: 'model_type' is missing. Supported: {SupportedModelTypes}.");
        var architecture =
            ArchitectureRegistry.Find(modelType) ?? throw keys.Refuse("model_type", modelType, SupportedModelTypes, "Architecture");
        var config = architecture.ReadConfig(keys, modelType);
        keys.WarnOfUnread();
        return config;
    }
}
