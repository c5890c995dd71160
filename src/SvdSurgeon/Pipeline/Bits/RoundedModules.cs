using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.States;
using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>
/// The linear modules of a plan, rounded, and the embedding and head: an artifact in the layout of the result, a part for every layer.
/// </summary>
internal sealed class RoundedModules : IDisposable
{
    private const string TablesPart = "tables.safetensors";

    private readonly List<SafeTensorsFile> _files = [];
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private readonly BitsPlan _plan;

    private RoundedModules(PipelineContext context, Artifact artifact, BitsPlan plan)
    {
        (_plan, Key) = (plan, artifact.Key);
        foreach (string part in Parts(context))
        {
            var file = SafeTensorsFile.Open(artifact.Part(part));
            _files.Add(file);
            foreach (var (name, tensor) in file.Tensors)
                _tensors[name] = tensor;
        }
    }

    /// <summary>Key of the artifact.</summary>
    public string Key { get; }

    /// <summary>Rounds what is not there yet.</summary>
    public static RoundedModules Make(PipelineContext context, BitsPlan plan, BitsOptions options, BitsStatistics statistics, string name)
    {
        var artifact = context.Work.Open(
            StageNames.Rounded,
            new JsonObject
            {
                ["model"] = context.ModelHash,
                ["layers"] = context.Model.Layers.Count,
                ["inputs"] = statistics.Inputs.Key,
                ["outputs"] = statistics.Weighted.Key,
                ["rounding"] = options.Rounding.ToString().ToLowerInvariant(),
                ["embedding_bits"] = options.EmbeddingBits,
                ["bits"] = plan.ToJson(),
            }
        );
        string stage = $"round {name}";
        int layers = context.Model.Layers.Count;
        return context.Timed(
            stage,
            IsComplete(context, artifact),
            () =>
            {
                for (int layer = 0; layer < layers; layer++)
                {
                    string part = ArtifactParts.Layer(layer);
                    if (artifact.Has(part))
                        continue;
                    context.Progress.Report(new StageProgress(stage, $"layer {layer + 1}/{layers}", layer, layers));
                    var entries = new List<TensorEntry>();
                    ModuleRounding.ForEach(
                        context,
                        statistics,
                        layer,
                        options.Rounding,
                        (module, rounding) => entries.AddRange(Entries(rounding.Round(plan.Forms[module.Name])))
                    );
                    artifact.Write(part, entries);
                }
                if (!artifact.Has(TablesPart))
                    artifact.Write(TablesPart, Tables(context, options.EmbeddingBits));
                context.Progress.Report(new StageProgress(stage, "", 1, 1));
                return new RoundedModules(context, artifact, plan);
            }
        );
    }

    /// <summary>The modules trained from here (<see cref="RoundingTraining"/>).</summary>
    /// <param name="context">The run.</param>
    /// <param name="options">How many steps.</param>
    /// <param name="statistics">Of the dense model.</param>
    /// <param name="tokens">Sequences to train on.</param>
    /// <param name="dense">What the dense model predicts for them.</param>
    /// <param name="name">Name of the result.</param>
    public RoundedModules Train(
        PipelineContext context,
        BitsOptions options,
        BitsStatistics statistics,
        TokenSet tokens,
        Lazy<DenseOutputs> dense,
        string name
    )
    {
        var inputs = new JsonObject
        {
            ["model"] = context.ModelHash,
            ["layers"] = context.Model.Layers.Count,
            ["start"] = Key,
            ["tokens"] = tokens.Hash(),
            ["steps"] = options.TrainingSteps,
        };
        var artifact = context.Work.Open(StageNames.Trained, inputs);
        string stage = $"train {name}";
        return context.Timed(
            stage,
            IsComplete(context, artifact),
            () =>
            {
                if (!IsComplete(context, artifact))
                    Train(context, options, statistics, tokens, dense.Value, stage, artifact);
                return new RoundedModules(context, artifact, _plan);
            }
        );
    }

    /// <summary>Whether the tensor is stored in packed form.</summary>
    public bool Has(string name) => Stored(name).Any();

    /// <summary>The parts of a tensor, or of the factors in its place, to be written into the result.</summary>
    public IEnumerable<TensorEntry> Entries(string name) =>
        Stored(name).SelectMany(stored => GridEntries.Parts.Select(part => TensorEntry.From(_tensors[stored + part])));

    /// <summary>The model with these modules.</summary>
    public DecoderModel Apply(PipelineContext context)
    {
        var model = DecoderModel.Load(context.Source);
        foreach (var module in context.Model.Linears)
            if (_plan.Forms.TryGetValue(module.Name, out var form))
                model.Replace(
                    module.Name,
                    Linear(
                        module,
                        [
                            .. form.Matrices(module.Name, module.OutFeatures, module.InFeatures)
                                .Select(m => GgufBlocks.Store(m.Name, GridEntries.Read(_tensors, m.Name, m.Grid))),
                        ]
                    )
                );
        return model;
    }

    /// <summary>A module of one matrix or of two factors.</summary>
    public static LinearModule Linear(LinearModule dense, IReadOnlyList<StoredTensor> matrices) =>
        matrices.Count == 1
            ? new DenseLinear(dense.Name, matrices[0], dense.Bias)
            : new LowRankLinear(dense.Name, matrices[0], matrices[1], dense.Bias);

    // The tensors that stand in the place of one: itself, or factors.
    private IEnumerable<string> Stored(string name) =>
        ModuleForm.InPlaceOf(name).Where(stored => _tensors.ContainsKey(stored + IntegerEntries.Packed));

    private void Train(
        PipelineContext context,
        BitsOptions options,
        BitsStatistics statistics,
        TokenSet tokens,
        DenseOutputs dense,
        string stage,
        Artifact artifact
    )
    {
        var training = new RoundingTraining(context, tokens, dense);
        foreach (var layer in context.Model.Layers)
            ModuleRounding.ForEach(
                context,
                statistics,
                layer.Index,
                options.Rounding,
                (module, rounding) => training.Add(module, rounding.Round(_plan.Forms[module.Name], positions: true))
            );
        training.Run(options.TrainingSteps, stage);
        var tables = _tensors.Values.Where(tensor => !_plan.Forms.ContainsKey(tensor.Name[..tensor.Name.LastIndexOf('.')]));
        artifact.Write(TablesPart, tables.Select(TensorEntry.From));
        foreach (var layer in context.Model.Layers)
            artifact.Write(
                ArtifactParts.Layer(layer.Index),
                layer
                    .Linears.Where(module => _plan.Forms.ContainsKey(module.Name))
                    .SelectMany(module => Entries(training.Matrices(module.Name)))
            );
    }

    private static IEnumerable<TensorEntry> Entries(IEnumerable<RoundedMatrix> matrices) =>
        matrices.SelectMany(matrix => GridEntries.Of(matrix.Name, matrix.Matrix));

    private static IEnumerable<string> Parts(PipelineContext context) =>
        context.Model.Layers.Select(layer => ArtifactParts.Layer(layer.Index)).Append(TablesPart);

    private static bool IsComplete(PipelineContext context, Artifact artifact) => Parts(context).All(artifact.Has);

    /// <summary>The grids of embedding and head; empty where they are kept.</summary>
    public static Dictionary<string, IntegerGrid> TableGrids(DecoderModel model, int bits)
    {
        var grids = new Dictionary<string, IntegerGrid>(StringComparer.Ordinal);
        if (bits == BitsOptions.KeepEmbedding)
            return grids;
        foreach (var table in model.Tables)
            if (IntegerGrid.GroupFor(table.Columns) is { } group)
                grids[table.Name] = new IntegerGrid(bits, group);
        return grids;
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    // To the nearest: with 8 bits there is nothing to gain, and a word's row is read alone.
    private static List<TensorEntry> Tables(PipelineContext context, int bits)
    {
        var la = context.Backend.LinearAlgebra;
        var entries = new List<TensorEntry>();
        var grids = TableGrids(context.Model, bits);
        foreach (var table in context.Model.Tables.Where(table => grids.ContainsKey(table.Name)))
        {
            var result = new QuantizedMatrix(grids[table.Name], table.Rows, table.Columns);
            int group = result.Grid.Group;
            float[] equal = [.. Enumerable.Repeat(1f, group)];
            la.ForEach(
                table.Rows,
                i =>
                {
                    var row = new float[table.Columns];
                    table.WidenRows(i, 1, row);
                    for (int g = 0; g < result.GroupsPerRow; g++)
                        result.Scales[i * result.GroupsPerRow + g] = ScaleSearch.Best(result.Grid, row.AsSpan(g * group, group), equal);
                    Nearest.Row(row, result, i);
                }
            );
            entries.AddRange(GridEntries.Of(table.Name, result));
        }
        return entries;
    }
}
