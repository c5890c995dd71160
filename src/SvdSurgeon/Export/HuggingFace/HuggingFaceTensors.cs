using SvdSurgeon.Architectures;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.HuggingFace;

/// <summary>The tensors of a folder, in the order of their names: modules as they will be stored, everything else in its type.</summary>
/// <param name="model">The model.</param>
/// <param name="types">The types.</param>
internal sealed class HuggingFaceTensors(ExportModel model, HuggingFaceTypes types)
{
    private readonly List<(string Module, IntegerScheme Scheme)> _integers = [];
    private readonly List<LinearModule> _unpacked = [];

    /// <summary>Modules in integers, once <see cref="All"/> was called.</summary>
    public IReadOnlyList<(string Module, IntegerScheme Scheme)> Integers => _integers;

    /// <summary>Modules whose rows do not fit into groups, and which are stored in floating point therefore.</summary>
    public IReadOnlyList<LinearModule> Unpacked => _unpacked;

    /// <summary>The modules whose form config.json has to say: none where all are multiplied out.</summary>
    public IEnumerable<LinearModule> Written => types.MultipliesOut ? [] : model.Decoder.Linears;

    /// <summary>What is to be written.</summary>
    /// <exception cref="InvalidModelException">A module that is multiplied out has a bias that the family has no place for.</exception>
    public List<TensorEntry> All()
    {
        var modules = new Dictionary<string, LinearModule>(StringComparer.Ordinal);
        foreach (var module in model.Decoder.Linears)
        foreach (var tensor in module.StoredTensors)
            modules[tensor.Name] = module;
        var done = new HashSet<LinearModule>();
        var entries = new List<TensorEntry>();
        // Not in the order of the source: an export of an export is the same file.
        foreach (var tensor in model.Source.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
            if (!modules.TryGetValue(tensor.Name, out var module))
                entries.Add(TensorEntry.From(tensor, types.Float(tensor.Name, tensor.Type)));
            else if (done.Add(module))
                entries.AddRange(Module(module));
        return entries;
    }

    private IEnumerable<TensorEntry> Module(LinearModule module)
    {
        string name = module.Name + ".weight";
        if (module is DenseLinear { Weight.Groups: { Scales.Type: DType.F16 } groups } packed && types.IsFree(name))
        {
            // A scale per row is one of groups as wide as the row.
            var kept = new IntegerScheme(groups.Bits, groups.GroupSize == module.InFeatures ? 0 : groups.GroupSize);
            _integers.Add((module.Name, kept));
            return IntegerEntries.Of(name, module.OutFeatures, module.InFeatures, kept, () => IntegerMatrix.From(packed.Weight));
        }
        if (module.Rank is null || types.MultipliesOut)
            RequirePlaceForBias(module);
        if (types.Integers(name) is { } scheme && module.InFeatures % scheme.GroupSize == 0)
        {
            _integers.Add((module.Name, scheme));
            return IntegerEntries.Of(name, module.OutFeatures, module.InFeatures, scheme, () => Rounded(module, scheme, name));
        }
        if (types.Integers(name) is not null)
            _unpacked.Add(module);
        if (module is not DenseLinear && types.MultipliesOut)
            return [Merged(module, name)];
        return module.StoredTensors.Select(tensor => TensorEntry.From(tensor, types.Float(name, tensor.Type)));
    }

    private IntegerMatrix Rounded(LinearModule module, IntegerScheme scheme, string name) =>
        NearestIntegers.Round(
            model.Backend.LinearAlgebra,
            module.ToDense(model.Backend),
            module.OutFeatures,
            module.InFeatures,
            scheme.Bits,
            scheme.GroupSize,
            name
        );

    private TensorEntry Merged(LinearModule module, string name)
    {
        long[] shape = [module.OutFeatures, module.InFeatures];
        var type = types.Float(name, module.StoredTensors[0].Type);
        return new TensorEntry(
            name,
            type,
            shape,
            stream => TensorEntry.FromSingles(name, shape, module.ToDense(model.Backend), type).WriteTo(stream)
        );
    }

    // transformers ignores a bias that the configuration does not ask for, without an error.
    private void RequirePlaceForBias(LinearModule module)
    {
        if (module.Bias is not null && !HasBias(model.Source.Config, module.Name))
            throw new InvalidModelException(
                $"{model.Source.Path}: '{module.Name}' has a bias that {model.Source.Config.ModelType} models have no place for "
                    + "(--bias-correction adds it). Export it with its factors: --type f32, f16 or bf16."
            );
    }

    private static bool HasBias(DecoderConfig config, string module) =>
        !module.Contains("self_attn", StringComparison.Ordinal) ? config.MlpBias
        : module.EndsWith(".o_proj", StringComparison.Ordinal) || module.EndsWith(".out_proj", StringComparison.Ordinal)
            ? config.AttentionOutputBias
        : config.AttentionBias;
}
