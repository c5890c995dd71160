using System.Text.Json.Nodes;
using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>A model on disk, opened but not loaded: its configuration and its tensors in their storage types, mapped into memory.</summary>
/// <remarks>Tensors carry canonical Hugging Face names whatever the file calls them: <c>model.decoder.layers.0…</c> for OPT,
/// <c>model.layers.0…</c> for LLaMA and its kin, <c>lm_head.weight</c> only where the head is not the embedding.</remarks>
public sealed class Checkpoint : IDisposable
{
    private readonly IReadOnlyList<IDisposable> _open;
    private readonly UsedTensors _used = new();
    private readonly List<string> _warnings = [];

    internal Checkpoint(
        string path,
        string format,
        DecoderConfig config,
        JsonObject configJson,
        IReadOnlyDictionary<string, StoredTensor> tensors,
        IReadOnlyList<string> files,
        IReadOnlyList<IDisposable> open
    )
    {
        Path = path;
        Format = format;
        Config = config;
        ConfigJson = configJson;
        Tensors = tensors;
        Files = files;
        _open = open;
        Bytes = files.Sum(InputFile.Length);
    }

    /// <summary>The folder of a Hugging Face model, or the GGUF file.</summary>
    public string Path { get; }

    /// <summary>"safetensors", "pytorch" or "gguf".</summary>
    public string Format { get; }

    /// <summary>What the forward pass needs to know.</summary>
    internal DecoderConfig Config { get; }

    /// <summary>config.json; for a GGUF file one that says the same.</summary>
    public JsonObject ConfigJson { get; }

    /// <summary>The <c>svdsurgeon</c> section of config.json: how the model was compressed; null for a dense model.</summary>
    public JsonObject? Compression => ConfigJson["svdsurgeon"] as JsonObject;

    /// <summary>The GGUF file that the model comes from, with the tokenizer in its metadata; null for a folder.</summary>
    internal GgufFile? Gguf { get; init; }

    /// <summary>All tensors by canonical name. They are views into the files and end with <see cref="Dispose"/>.</summary>
    internal IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Paths of the weight files.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Bytes of the weight files together.</summary>
    public long Bytes { get; }

    /// <summary>
    /// What the user should know of the input, each sentence once: keys and tensors that are not used or contradict each other, how texts
    /// and the tokenizer were read. Opening, loading a model and reading data for it add to them.
    /// </summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Opens a Hugging Face folder, a weight file or config.json in one, or a .gguf file. No weight is read.</summary>
    /// <exception cref="InvalidModelException">There is no model there, it is damaged, or it is of a kind that is not
    /// supported.</exception>
    public static Checkpoint Open(string path)
    {
        if (path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path))
            return GgufCheckpoint.Open(path);
        return HuggingFaceFolder.Open(path);
    }

    /// <summary>The weights called <paramref name="name"/>, which must have this shape.</summary>
    /// <exception cref="InvalidModelException">They are missing, have another shape, or are integers.</exception>
    internal StoredTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        if (Find(name) is not { } tensor)
            throw new InvalidModelException(
                $"{Path}: tensor '{name}' is missing. The model is incomplete or its config.json describes another one."
            );
        if (!shape.SequenceEqual([.. tensor.Shape]))
            throw new InvalidModelException(
                $"{tensor.Source}: tensor '{name}' has the shape {TensorShape.Format(tensor.Shape)}, "
                    + $"the configuration asks for {TensorShape.Format(shape.ToArray())}. The files belong to different models."
            );
        if (!tensor.Type.IsFloat() && !tensor.Type.IsQuantized())
            throw new InvalidModelException(
                $"{tensor.Source}: tensor '{name}' is stored as {tensor.Type}. Integers without their scales are no weights. "
                    + $"{QuantizedWeights.WayOut}"
            );
        return tensor;
    }

    /// <summary>The tensor called <paramref name="name"/> for a model to use; null where there is none.</summary>
    internal StoredTensor? Find(string name)
    {
        if (!Tensors.TryGetValue(name, out var tensor))
            return null;
        _used.Add(name);
        return tensor;
    }

    /// <summary>Keeps a sentence that the user should read.</summary>
    internal void Warn(string sentence)
    {
        if (!_warnings.Contains(sentence))
            _warnings.Add(sentence);
    }

    /// <summary>To be called when a model is made of the tensors: warns of those that it has no use for.</summary>
    /// <exception cref="InvalidModelException">They belong to something that changes the others.</exception>
    internal void WarnOfUnused()
    {
        foreach (string sentence in _used.Unused(Tensors, Config.Layers, Path))
            Warn(sentence);
    }

    /// <summary>Unmaps the files; tensors cannot be read any more.</summary>
    public void Dispose()
    {
        foreach (var file in _open)
            file.Dispose();
    }
}
