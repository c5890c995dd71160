using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Compression.Refitting;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Fisher;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Statistics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Modules;

/// <summary>
/// The compressed modules of one plan in their final form and storage type, a file a layer: what is written to the result, and what
/// held-out losses are measured on.
/// </summary>
internal sealed class CompressedModules : IDisposable
{
    private readonly List<SafeTensorsFile> _files = [];

    private readonly Artifact _artifact;

    private CompressedModules(CompressionPlan plan, Artifact artifact, FactorSet factors, ModuleMetric metric) =>
        (Plan, _artifact, Factors, Metric) = (plan, artifact, factors, metric);

    /// <summary>Key of the artifact.</summary>
    public string Key => _artifact.Key;

    /// <summary>Ranks and sizes.</summary>
    public CompressionPlan Plan { get; }

    /// <summary>The components that they were chosen from.</summary>
    public FactorSet Factors { get; }

    /// <summary>The scaling of the method.</summary>
    public ModuleMetric Metric { get; }

    /// <summary>Tensors of the modules that are not dense, by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; private set; } = new Dictionary<string, StoredTensor>();

    /// <summary>The key that <see cref="Build"/> gives truncated modules, without making them.</summary>
    public static string KeyOf(PipelineContext context, CompressionPlan plan, FactorSet factors, CompressionOptions options) =>
        WorkFolder.Describe(StageNames.Modules, Inputs(context, plan, factors, null, null, options)).Key;

    /// <summary>Truncates, operates and stores every module of the plan.</summary>
    /// <param name="context">The run.</param>
    /// <param name="plan">Ranks.</param>
    /// <param name="factors">Where components come from.</param>
    /// <param name="fisher">Where the surgeon's Fisher comes from; null for no surgeon.</param>
    /// <param name="means">Mean inputs for the bias correction; null for none.</param>
    /// <param name="options">Surgeon and storage.</param>
    /// <param name="metric">The scaling that the components come from.</param>
    public static CompressedModules Build(
        PipelineContext context,
        CompressionPlan plan,
        FactorSet factors,
        ISpectralFisherSource? fisher,
        InputStatistics? means,
        CompressionOptions options,
        ModuleMetric metric
    )
    {
        var ranks = plan.Modules.ToDictionary(m => m.Name, StringComparer.Ordinal);
        string stage = $"build {CompressionPlan.RatioText(plan.Ratio)}";
        var artifact = context.Work.Open(StageNames.Modules, Inputs(context, plan, factors, fisher, means, options));
        var missing = context
            .Model.Layers.Where(layer =>
                !artifact.Has(ArtifactParts.Layer(layer.Index)) || (fisher is not null && !SurgeryLog.Has(artifact, layer.Index))
            )
            .ToList();
        return context.Timed(
            stage,
            missing.Count == 0,
            () =>
            {
                LayersSideBySide.Run(
                    context,
                    stage,
                    missing,
                    layer => BuildLayer(context, layer, ranks, artifact, factors, fisher, means, options),
                    artifact
                );
                return Open(context, new CompressedModules(plan, artifact, factors, metric));
            }
        );
    }

    /// <summary>
    /// Numbers of the linear modules, every stored one counted: indices too, and biases that the dense model does not have.
    /// </summary>
    public long Parameters(DecoderModel dense) =>
        Plan.Modules.Where(m => m.Rank is null).Sum(m => m.Before)
        + dense
            .Linears.SelectMany(m =>
                Tensors.Where(t =>
                    t.Key.StartsWith(m.Name + ".", StringComparison.Ordinal) && (m.Bias is null || t.Key != m.Name + StoredForms.Bias)
                )
            )
            .Sum(t => t.Value.Count);

    /// <summary>A model whose linear modules are these; the others are the dense model's.</summary>
    public DecoderModel Apply(Checkpoint source)
    {
        var model = DecoderModel.Load(source);
        for (int layer = 0; layer < model.Layers.Count; layer++)
            Apply(model, layer);
        return model;
    }

    /// <summary>Puts these modules into one layer of a model that is dense there, or has modules of the same plan.</summary>
    public void Apply(DecoderModel model, int layer)
    {
        foreach (var module in model.Layers[layer].Linears.ToList())
            if (Plan.Modules.First(m => m.Name == module.Name).Rank is not null)
                model.Replace(module.Name, StoredForms.Linear(module, Tensors));
    }

    /// <summary>Closes the modules and deletes them: a state on the way to another.</summary>
    public void Delete(PipelineContext context)
    {
        Dispose();
        context.Work.Delete(_artifact.Folder);
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    /// <summary>What the surgeon did to the modules of a layer; null where there was none.</summary>
    public SafeTensorsFile? OpenSurgery(int layer) => SurgeryLog.Open(_artifact, layer);

    private static JsonObject Inputs(
        PipelineContext context,
        CompressionPlan plan,
        FactorSet factors,
        ISpectralFisherSource? fisher,
        InputStatistics? means,
        CompressionOptions options
    )
    {
        var inputs = new JsonObject
        {
            ["model"] = context.ModelHash,
            ["layers"] = context.Model.Layers.Count,
            ["factors"] = factors.Key,
            ["fisher"] = fisher?.Key,
            ["surgeon"] = fisher is null ? null : ArtifactOptions.Of(ArtifactOptions.Surgeon, options),
            ["means"] = means?.Key,
        };
        ArtifactOptions.Add(inputs, StageNames.Modules, options);
        inputs["ranks"] = plan.RanksJson();
        return inputs;
    }

    private static CompressedModules Open(PipelineContext context, CompressedModules modules)
    {
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var layer in context.Model.Layers)
        {
            var file = SafeTensorsFile.Open(modules._artifact.Part(ArtifactParts.Layer(layer.Index)));
            modules._files.Add(file);
            foreach (var (name, tensor) in file.Tensors)
                tensors[name] = tensor;
        }
        modules.Tensors = tensors;
        return modules;
    }

    private static void BuildLayer(
        PipelineContext context,
        DecoderLayer layer,
        Dictionary<string, ModulePlan> ranks,
        Artifact artifact,
        FactorSet factors,
        ISpectralFisherSource? fisher,
        InputStatistics? means,
        CompressionOptions options
    )
    {
        using var file = factors.OpenLayer(layer.Index);
        using var inputs = means?.Layer(layer.Index);
        LinearModule[] modules = [.. layer.Linears.Where(module => ranks[module.Name].Rank is not null)];
        var operated = fisher is null
            ? []
            : Operate(context, layer.Index, modules, ranks, file, fisher, options.Surgeon, options.SurgeonOf(layer.Index));
        if (fisher is not null)
            SurgeryLog.Write(artifact, layer.Index, operated);
        var group = layer
            .Groups.SelectMany(g => g.Modules.Select(module => (module.Name, Group: g)))
            .ToDictionary(m => m.Name, m => m.Group, StringComparer.Ordinal);
        var entries = new List<TensorEntry>[modules.Length];
        context.Backend.LinearAlgebra.ForEach(
            modules.Length,
            m =>
            {
                context.Cancellation.ThrowIfCancellationRequested();
                string name = modules[m].Name;
                double[]? mean = inputs?[group[name].Name + ".mean"].Doubles().ToArray();
                entries[m] = Module(context.Backend, ranks[name], modules[m], file, operated.GetValueOrDefault(name), mean, options);
            }
        );
        artifact.Write(ArtifactParts.Layer(layer.Index), entries.SelectMany(made => made));
    }

    // With kept columns the rank of the rest is smaller than the plan's, and so is its pool.
    private static int Rank(ModulePlan plan, SafeTensorsFile file) =>
        file.Tensors.TryGetValue(plan.Name + ".rank", out var rank) ? (int)rank.Doubles()[0] : plan.Rank!.Value;

    // The surgeon's results of a layer, by module.
    private static Dictionary<string, SurgeonResult> Operate(
        PipelineContext context,
        int layer,
        LinearModule[] modules,
        Dictionary<string, ModulePlan> ranks,
        SafeTensorsFile file,
        ISpectralFisherSource fisher,
        SurgeonMode mode,
        SurgeonOptions surgeon
    )
    {
        var la = context.Backend.LinearAlgebra;
        var selection = mode == SurgeonMode.Select ? ComponentSelection.Saliency : ComponentSelection.Magnitude;
        using var fishers = fisher.Open(la, layer);
        string[] names = [.. modules.Select(module => module.Name).Where(name => Rank(ranks[name], file) != 0)];
        var tasks = names
            .Select(name => new SurgeonTask(
                file[name + ".sigma"].Doubles().ToArray(),
                Rank(ranks[name], file),
                () =>
                {
                    context.Cancellation.ThrowIfCancellationRequested();
                    return fishers.Fisher(name);
                }
            ))
            .ToList();
        var results = Surgeon.Operate(la, context.Backend.SurgeonBatch, tasks, surgeon with { Selection = selection });
        return names.Zip(results).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }

    private static List<TensorEntry> Module(
        IBackend backend,
        ModulePlan plan,
        LinearModule module,
        SafeTensorsFile file,
        SurgeonResult? operated,
        double[]? meanInput,
        CompressionOptions options
    )
    {
        var la = backend.LinearAlgebra;
        var type = options.WrittenType(module.StoredTensors[0].Type);
        int rank = Rank(plan, file);
        var factors = FactorSet.Load(file, plan.Name, operated is null ? rank : operated.Kept[^1] + 1);
        var lowRank = operated is null ? Truncation.Keep(factors, rank) : Truncation.Keep(factors, operated.Kept, operated.Sigma);
        var columns = KeptColumns.Load(file, plan.Name, module.OutFeatures)?.Join(la, lowRank);
        var entries = columns is null
            ? StoredForms.Store(la, plan.Name, lowRank, options.Storage, type)
            : StoredForms.Store(plan.Name, columns, type);
        if (meanInput is not null)
        {
            var w = FactorSet.Weights(backend, module);
            double[] bias = module.Bias is null ? [] : [.. module.Bias.ToSingles().Select(b => (double)b)];
            var corrected = BiasCorrection.Correct(bias, w, columns?.Product(la) ?? lowRank.Product(la), meanInput);
            entries.Add(
                TensorEntry.FromSingles(
                    plan.Name + StoredForms.Bias,
                    [corrected.Length],
                    corrected.Select(b => (float)b).ToArray(),
                    module.Bias is null ? type : options.WrittenType(module.Bias.Type)
                )
            );
        }
        return entries;
    }
}
