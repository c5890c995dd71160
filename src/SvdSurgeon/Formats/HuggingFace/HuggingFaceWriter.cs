using System.Text.Json.Nodes;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>Writes Hugging Face folders: config.json, safetensors (sharded where large) and the tokenizer's files.</summary>
internal static class HuggingFaceWriter
{
    private static readonly string[] TokenizerFiles =
    [
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
        "merges.txt",
        "tokenizer.model",
        "special_tokens_map.json",
        "added_tokens.json",
        "generation_config.json",
    ];

    private static readonly IReadOnlyDictionary<string, string> Metadata = new Dictionary<string, string> { ["format"] = "pt" };

    /// <summary>Writes a model folder, as a whole or not at all.</summary>
    /// <param name="path">The folder; it must not exist, or be empty.</param>
    /// <param name="config">config.json; its dtype is set to that of the tensors.</param>
    /// <param name="tensors">Weights under canonical names, written one after the other.</param>
    /// <param name="tokenizerSource">A folder whose tokenizer files are copied; null or a file: nothing is copied.</param>
    /// <param name="addFiles">Called with the folder (under its temporary name) to add further files, such as the tokenizer of a GGUF
    /// model.</param>
    /// <param name="maxShardBytes">Largest weight file.</param>
    /// <returns>Bytes of the weight files.</returns>
    /// <exception cref="InvalidInputException">The folder exists and is not empty.</exception>
    /// <exception cref="NumericalException">A number is not finite, or too large for its type.</exception>
    /// <exception cref="IOException">The disk is full or the folder cannot be written; nothing is left behind.</exception>
    public static long Write(
        string path,
        JsonObject config,
        IReadOnlyList<TensorEntry> tensors,
        string? tokenizerSource = null,
        Action<string>? addFiles = null,
        long maxShardBytes = SafeTensorsWriter.DefaultShardBytes
    )
    {
        using var folder = OutputFolder.Create(path);
        var files = SafeTensorsWriter.WriteSharded(folder.Temporary, tensors, Metadata, maxShardBytes);
        AtomicFile.WriteAllText(Path.Combine(folder.Temporary, "config.json"), JsonText.Indented(WithType(config, tensors)));
        if (tokenizerSource is not null && Directory.Exists(tokenizerSource))
            CopyTokenizer(tokenizerSource, folder.Temporary);
        if (ModelingFile.IsUsedBy(config))
            ModelingFile.Write(folder.Temporary);
        addFiles?.Invoke(folder.Temporary);
        long bytes = files.Sum(file => new FileInfo(Path.Combine(folder.Temporary, file)).Length);
        folder.Commit();
        return bytes;
    }

    /// <summary>Bytes of the weight files that <see cref="Write"/> would write.</summary>
    public static long WeightBytes(IReadOnlyList<TensorEntry> tensors) => SafeTensorsWriter.ShardedBytes(tensors, Metadata);

    private static JsonObject WithType(JsonObject config, IReadOnlyList<TensorEntry> tensors)
    {
        var copy = (JsonObject)config.DeepClone();
        DType[] types = [.. tensors.Select(entry => entry.Type).Where(type => type.IsFloat()).Distinct()];
        if (types.Length != 1)
            return copy;
        string key = copy.ContainsKey("dtype") ? "dtype" : "torch_dtype";
        copy[key] = types[0] switch
        {
            DType.F16 => "float16",
            DType.BF16 => "bfloat16",
            DType.F64 => "float64",
            _ => "float32",
        };
        return copy;
    }

    private static void CopyTokenizer(string source, string destination)
    {
        foreach (string file in Directory.EnumerateFiles(source).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(file);
            if (!TokenizerFiles.Contains(name) && !name.StartsWith("chat_template", StringComparison.Ordinal))
                continue;
            using var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            AtomicFile.Write(Path.Combine(destination, name), input.CopyTo, input.Length);
        }
    }
}
