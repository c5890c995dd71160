using System.Text.Json.Nodes;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.Formats.PyTorch;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>Opens Hugging Face folders: config.json beside safetensors or pytorch_model.bin, whole or sharded.</summary>
internal static class HuggingFaceFolder
{
    // The first that exists is taken: safetensors before pickles, whole before sharded.
    private static readonly string[] WeightSuffixes = [".safetensors", ".bin", ".index.json"];
    private static readonly string[] WeightFiles =
    [
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ];

    public static Checkpoint Open(string path)
    {
        string folder = path;
        string? weights = null;
        if (File.Exists(path))
        {
            folder = Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
            weights = path;
            if (Path.GetFileName(path) != "config.json" && !WeightSuffixes.Any(suffix => path.EndsWith(suffix, StringComparison.Ordinal)))
                throw new InvalidModelException(
                    $"{path}: this is no weight file. Give a model folder, its config.json, a .safetensors or .bin file or an index of "
                        + $"them, or a .gguf file."
                );
        }
        else if (!Directory.Exists(path))
        {
            throw new InvalidModelException($"{path}: there is no such file or folder. Check the path.");
        }
        string configPath = Path.Combine(folder, "config.json");
        if (!File.Exists(configPath))
        {
            if (weights is null && Directory.GetFiles(folder, "*.gguf") is [string only])
                return GgufCheckpoint.Open(only);
            LoneAdapter.Refuse(folder);
            string cache = HubCache.Hint(folder);
            if (
                cache.Length == 0
                && Directory.EnumerateDirectories(folder).Where(HasConfig).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } models
            )
                throw new InvalidModelException(
                    $"{folder}: this folder holds models and is none itself. Give one of them: {string.Join(", ", models.Take(4))}."
                );
            throw new InvalidModelException(
                $"{folder}: the folder has no config.json. A model folder holds config.json and model.safetensors or pytorch_model.bin; "
                    + $"a GGUF model is given by its file.{cache}"
            );
        }
        var warnings = new List<string>();
        var json = JsonFile.ReadObject(configPath, warnings);
        var quantization = new ConfigKeys(json, configPath).Object(QuantizationConfig.Key) is { } quantized
            ? QuantizationConfig.Read(quantized, configPath)
            : null;
        if (weights is null || Path.GetFileName(weights) is "config.json")
            weights = FindWeights(folder);
        var open = new List<IDisposable>();
        try
        {
            var (files, stored) = weights.EndsWith(".index.json", StringComparison.Ordinal)
                ? OpenShards(weights, open)
                : OpenOne(weights, open);
            string format = files[0].EndsWith(".safetensors", StringComparison.Ordinal) ? "safetensors" : "pytorch";
            if (quantization is not null)
                stored = PackedTensors.Resolve(stored, quantization);
            // A quantiser that the configuration does not name is named before anything is computed with its integers.
            QuantizedWeights.Refuse(folder, stored, isPacked: quantization is not null);
            var config = HuggingFaceConfig.Parse(json, configPath, warnings, mostLayers: ConfigKeys.MostLayersOf(stored.Count));
            var tensors = ParameterNames.Canonical(stored, config);
            config = TiedHead.Resolve(config, json, tensors, warnings);
            var checkpoint = new Checkpoint(folder, format, config, json, tensors, files, open);
            warnings.ForEach(checkpoint.Warn);
            return checkpoint;
        }
        catch
        {
            foreach (var file in open)
                file.Dispose();
            throw;
        }
    }

    private static string FindWeights(string folder)
    {
        foreach (string name in WeightFiles)
            if (File.Exists(Path.Combine(folder, name)))
                return Path.Combine(folder, name);
        string found = string.Join(", ", Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal).Take(12));
        throw new InvalidModelException(
            $"{folder}: there are no weights. Looked for {string.Join(", ", WeightFiles)}; the folder holds {found}."
        );
    }

    private static (IReadOnlyList<string> Files, IReadOnlyCollection<StoredTensor> Tensors) OpenOne(string path, List<IDisposable> open) =>
        ([path], [.. OpenWeights(path, open).Values]);

    private static (IReadOnlyList<string> Files, IReadOnlyCollection<StoredTensor> Tensors) OpenShards(
        string indexPath,
        List<IDisposable> open
    )
    {
        var index = new ConfigKeys(JsonFile.ReadObject(indexPath, []), indexPath);
        if (index.Object("weight_map") is not { Count: > 0 } map)
            throw new InvalidModelException($"{indexPath}: 'weight_map' is missing or empty. Fetch the file again.");
        string folder = Path.GetDirectoryName(indexPath) is { Length: > 0 } parent ? parent : ".";
        var shards = new Dictionary<string, IReadOnlyDictionary<string, StoredTensor>>(StringComparer.Ordinal);
        var files = new List<string>();
        var tensors = new List<StoredTensor>();
        foreach (var (name, node) in map)
        {
            if (node is not JsonValue value || !value.TryGetValue(out string? file))
                throw new InvalidModelException($"{indexPath}: the entry of tensor '{name}' is not a file name.");
            if (file.Length == 0 || Path.GetFileName(file) != file || file is "." or ".." || file.Contains('\\'))
                throw new InvalidModelException(
                    $"{indexPath}: tensor '{name}' is said to be in '{file}'; shards must lie in the same folder."
                );
            if (!shards.TryGetValue(file, out var shard))
            {
                string path = Path.Combine(folder, file);
                if (!File.Exists(path))
                    throw new InvalidModelException($"{path}: this shard is missing (tensor '{name}' is in it). Fetch it.");
                shards.Add(file, shard = OpenWeights(path, open));
                files.Add(path);
            }
            if (!shard.TryGetValue(name, out var tensor))
                throw new InvalidModelException(
                    $"{Path.Combine(folder, file)}: there is no tensor '{name}', but {Path.GetFileName(indexPath)} says so. Fetch both "
                        + $"again."
                );
            tensors.Add(tensor);
        }
        files.Sort(StringComparer.Ordinal);
        return (files, tensors);
    }

    private static IReadOnlyDictionary<string, StoredTensor> OpenWeights(string path, List<IDisposable> open)
    {
        if (path.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            var file = SafeTensorsFile.Open(path);
            open.Add(file);
            return file.Tensors;
        }
        if (path.EndsWith(".bin", StringComparison.Ordinal))
        {
            var file = PyTorchFile.Open(path);
            open.Add(file);
            return file.Tensors;
        }
        throw new InvalidModelException(
            $"{path}: this is no weight file. Supported: .safetensors, .bin (PyTorch), .gguf, or the folder of a model."
        );
    }

    private static bool HasConfig(string folder) => File.Exists(Path.Combine(folder, "config.json"));
}
