using System.Globalization;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Gguf;

/// <summary>The tensors of a model under llama.cpp's names, in its row order and in the types chosen for them.</summary>
/// <param name="model">The model.</param>
/// <param name="architecture">What llama.cpp calls it.</param>
/// <param name="types">Types of the matrices; vectors are float32, the only type that llama.cpp adds and multiplies them in.</param>
/// <param name="threads">Threads for rounding; 0: one per processor.</param>
internal sealed class GgufTensors(ExportModel model, GgufArchitecture architecture, GgufTypeChoice types, int threads)
{
    /// <summary>All of them: the embedding, layer by layer, what follows the layers.</summary>
    /// <param name="matrix">What stands for a linear module's matrix; null for the module's own.</param>
    /// <exception cref="InvalidModelException">The architecture has no place for a tensor.</exception>
    public List<TensorEntry> All(Func<LinearModule, TensorEntry>? matrix = null)
    {
        var entries = new List<(int Layer, TensorEntry Entry)>();
        foreach (var tensor in model.Source.Tensors.Values)
            if (!model.Modules.ContainsKey(ModuleOf(tensor.Name)))
                entries.Add((Layer(tensor.Name), Stored(tensor)));
        foreach (var module in model.Modules.Values)
        {
            entries.Add((Layer(module.Name), matrix?.Invoke(module) ?? Matrix(module)));
            if (module.Bias is not { } bias)
                continue;
            architecture.RequirePlaceForBias(module.Name, model.Source.Path);
            entries.Add((Layer(module.Name), Stored(bias.Rename(module.Name + ".bias"))));
        }
        if (GgufModelMetadata.RotaryFactors(model.Source.Config) is { } factors)
            entries.Add((-1, TensorEntry.FromSingles(GgufConfig.RopeFactors, [factors.Length], factors)));
        return
        [
            .. entries.OrderBy(entry => entry.Layer).ThenBy(entry => entry.Entry.Name, StringComparer.Ordinal).Select(entry => entry.Entry),
        ];
    }

    /// <summary>A module's matrix, its factors multiplied.</summary>
    public TensorEntry Matrix(LinearModule module)
    {
        if (module is DenseLinear && module.StoredTensors is [var stored])
            return Stored(stored);
        string name = module.Name + ".weight";
        var type = types.For(
            name,
            module.InFeatures,
            module.StoredTensors[^1].Type is var last && last.IsFloat() ? last : module.StoredTensors[0].Type
        );
        long[] shape = [module.OutFeatures, module.InFeatures];
        return new TensorEntry(
            NameOf(name),
            type,
            shape,
            stream =>
                Rows(StoredTensor.FromSingles(name, shape, module.ToDense(model.Backend), source: model.Source.Path), type).WriteTo(stream)
        );
    }

    /// <summary>llama.cpp's name of a Hugging Face parameter.</summary>
    /// <exception cref="InvalidModelException">It has none.</exception>
    public string NameOf(string name) =>
        GgufNames.FromHuggingFace(name, architecture.Dialect?.Modules)
        ?? throw new InvalidModelException(
            $"{model.Source.Path}: llama.cpp's {architecture.Name} has no tensor for '{name}'. Use --format onnx or --format hf."
        );

    private TensorEntry Stored(StoredTensor tensor) =>
        tensor.Shape.Count > 1 ? Rows(tensor, types.For(tensor.Name, tensor.Columns, tensor.Type))
        : architecture.Dialect?.NormsPlusOne == true && tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal)
            ? Rows(PlusOne(tensor), DType.F32)
        : Rows(tensor, DType.F32);

    private static StoredTensor PlusOne(StoredTensor norm) =>
        StoredTensor.FromSingles(norm.Name, [norm.Columns], [.. norm.ToSingles().Select(w => 1 + w)], source: norm.Source);

    /// <summary>Rows of q and k, or of their left factors, in the order of the file; every other tensor as it is.</summary>
    public StoredTensor InFileOrder(StoredTensor tensor) =>
        architecture.PairsRotaryRows && HeadsOf(tensor.Name) is > 0 and var heads
            ? InRotaryOrder(tensor, GgufArchitecture.RotaryOrder(heads, model.Source.Config.HeadDim))
            : tensor;

    private TensorEntry Rows(StoredTensor tensor, DType type) =>
        BlockRows.Entry(InFileOrder(tensor).Rename(NameOf(tensor.Name)), type, threads);

    private static StoredTensor InRotaryOrder(StoredTensor tensor, int[] order)
    {
        if (tensor.Shape.Count > 1)
            return tensor.WithRows(tensor.Name, order);
        float[] bias = tensor.ToSingles();
        return StoredTensor.FromSingles(tensor.Name, [bias.Length], [.. order.Select(row => bias[row])], source: tensor.Source);
    }

    private int HeadsOf(string name) =>
        name.Contains(".q_proj.", StringComparison.Ordinal) ? model.Source.Config.Heads
        : name.Contains(".k_proj.", StringComparison.Ordinal) ? model.Source.Config.KeyValueHeads
        : 0;

    private static string ModuleOf(string name) => name[..Math.Max(0, name.LastIndexOf('.'))];

    // -1 for what stands before the layers, the number of layers and more for what follows them.
    private static int Layer(string name)
    {
        string[] parts = name.Split('.');
        return parts is ["model", "layers", var layer, ..] ? int.Parse(layer, CultureInfo.InvariantCulture)
            : name.Contains("embed_tokens", StringComparison.Ordinal) ? -1
            : int.MaxValue;
    }
}
