using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>Opens GGUF files as checkpoints: Hugging Face names, and a config.json that says what the metadata says.</summary>
internal static class GgufCheckpoint
{
    private static readonly string s_supportedArchitectures = string.Join(
        ", ",
        ArchitectureRegistry.Gguf.Select(dialect => dialect.Architecture).Prepend("qwen3").Prepend("qwen2").Prepend("llama")
    );

    public static Checkpoint Open(string path)
    {
        var file = GgufFile.Open(path);
        try
        {
            RefuseOtherKinds(file);
            string architecture =
                file.Metadata.Text("general.architecture")
                ?? throw new InvalidModelException($"{path}: metadata 'general.architecture' is missing.");
            var dialect = ArchitectureRegistry.Gguf.FirstOrDefault(dialect => dialect.Architecture == architecture);
            if (dialect is null && architecture is not ("llama" or "qwen2" or "qwen3"))
                throw new InvalidModelException(
                    $"Architecture '{architecture}' ({path}, general.architecture) is not supported. Supported in GGUF files: "
                        + $"{s_supportedArchitectures}."
                );
            if (file.Metadata.Integer("split.count") is > 1 and var parts)
                throw new InvalidModelException(
                    $"{path}: the file is one of {parts} parts, which is not supported. Merge them with 'gguf-split --merge'."
                );
            var json = GgufConfig.ToHuggingFace(file, architecture, dialect);
            var warnings = new List<string>();
            var config = HuggingFaceConfig.Parse(json, path, warnings, mostLayers: ConfigKeys.MostLayersOf(file.Tensors.Count));
            var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
            foreach (var tensor in file.Tensors.Values)
            {
                if (tensor.Name == GgufConfig.RopeFactors)
                    continue; // is in the config as rotary scaling
                string name =
                    GgufNames.ToHuggingFace(tensor.Name, dialect?.Modules)
                    ?? throw new InvalidModelException(
                        $"{path}: tensor '{tensor.Name}' does not belong to architecture {architecture} as this program knows it."
                    );
                bool paired = dialect?.PairsRotaryRows ?? architecture == "llama";
                var stored = paired ? InHuggingFaceOrder(tensor, name, config) : tensor.Rename(name);
                bool plusOne = dialect?.NormsPlusOne == true && name.EndsWith("norm.weight", StringComparison.Ordinal);
                tensors.Add(name, plusOne ? MinusOne(stored) : stored);
            }
            var checkpoint = new Checkpoint(path, "gguf", config, json, tensors, [path], [file]) { Gguf = file };
            warnings.AddRange(file.Metadata.WarningsOfUnread(architecture, tokenizer: false));
            warnings.ForEach(checkpoint.Warn);
            return checkpoint;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // 1 + w is between 0.5 and 2 or nearly so: taking the 1 away is exact, and adding it again gives the same bits.
    private static StoredTensor MinusOne(StoredTensor tensor) =>
        StoredTensor.FromSingles(tensor.Name, [tensor.Columns], [.. tensor.ToSingles().Select(w => w - 1)], source: tensor.Source);

    // GGUF files that hold no model.
    private static void RefuseOtherKinds(GgufFile file)
    {
        string? type = file.Metadata.Text("general.type");
        bool isImportance =
            type == "imatrix" || file.Metadata.ContainsKey("imatrix.chunk_count") || file.Metadata.ContainsKey("imatrix.datasets");
        if (isImportance)
            throw new InvalidModelException(
                $"{file.FilePath}: this is an importance matrix (statistics for a quantiser), not a model. Give the model's own GGUF file."
            );
        if (type == "adapter" || file.Metadata.ContainsKey("adapter.type"))
            throw new InvalidModelException(
                $"{file.FilePath}: this is a LoRA adapter, not a model. Merge it into its base model (llama.cpp: llama-export-lora) and "
                    + $"give the result."
            );
        if (type is not (null or "model"))
            throw new InvalidModelException(
                $"{file.FilePath}: this is a file of the kind '{type}' (general.type), not a model. Give the model's own file."
            );
    }

    // Converters from Hugging Face interleave the two rotary halves of each head of LLaMA's q and k: row 2i + j of a head was row j·d/2 +
    // i.
    private static StoredTensor InHuggingFaceOrder(StoredTensor tensor, string name, DecoderConfig config)
    {
        bool query = tensor.Name.Contains(".attn_q.", StringComparison.Ordinal),
            key = tensor.Name.Contains(".attn_k.", StringComparison.Ordinal);
        if (!query && !key)
            return tensor.Rename(name);
        int heads = query ? config.Heads : config.KeyValueHeads,
            headDim = config.HeadDim,
            half = headDim / 2;
        int rows = tensor.Shape.Count == 1 ? tensor.Columns : tensor.Rows;
        if (rows != heads * headDim)
            throw new InvalidModelException(
                $"{tensor.Source}: tensor '{tensor.Name}' has {rows} rows, {heads} heads of {headDim} need {heads * headDim}."
            );
        var order = new int[rows];
        for (int head = 0; head < heads; head++)
        for (int part = 0; part < 2; part++)
        for (int i = 0; i < half; i++)
            order[head * headDim + part * half + i] = head * headDim + 2 * i + part;
        if (tensor.Shape.Count > 1)
            return tensor.WithRows(name, order);
        float[] stored = tensor.ToSingles(); // a bias: one row, so its numbers are put in order here
        return StoredTensor.FromSingles(name, [rows], [.. order.Select(i => stored[i])], source: tensor.Source);
    }
}
