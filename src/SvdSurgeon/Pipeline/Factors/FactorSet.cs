using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Stages;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Factors;

/// <summary>
/// The spectral factors of every linear module, kept in files: left vectors (transposed, a component a row) and right vectors in float32,
/// singular values in float64. Spectral gradients, allocation and the compressed modules read from them. What makes them differs: a method
/// alone (<see cref="Decompose"/>), kept columns (<see cref="ColumnFactors"/>), the sequential pass (<see cref="SequentialPass"/>).
/// </summary>
internal sealed class FactorSet(Artifact artifact)
{
    /// <summary>Key of the artifact.</summary>
    public string Key => artifact.Key;

    /// <summary>
    /// The factors of one layer: NAME.left (K × m), NAME.sigma (R), NAME.right (K × n); with kept columns also NAME.columns and NAME.fixed,
    /// the m × c part of W' that does not depend on σ. Modules that stay dense may be absent.
    /// </summary>
    public SafeTensorsFile OpenLayer(int layer) => SafeTensorsFile.Open(artifact.Part(ArtifactParts.Layer(layer)));

    /// <summary>The factors that <see cref="Build"/> would make, as far as they are there.</summary>
    public static FactorSet Find(PipelineContext context, string stage, JsonObject inputs) => new(Open(context, stage, inputs));

    /// <summary>Whether the factors of every layer are there.</summary>
    public bool IsComplete(DecoderModel model) => model.Layers.All(layer => artifact.Has(ArtifactParts.Layer(layer.Index)));

    /// <summary>Deletes the factors: a state on the way to another.</summary>
    public void Delete(PipelineContext context) => context.Work.Delete(artifact.Folder);

    /// <summary>Decomposes every module in the metric of the method.</summary>
    /// <param name="context">The run.</param>
    /// <param name="metric">Scaling of both sides.</param>
    /// <param name="options">Storage and α decide how many components can ever be needed.</param>
    public static FactorSet Decompose(PipelineContext context, ModuleMetric metric, CompressionOptions options)
    {
        var inputs = metric.Inputs();
        inputs["model"] = context.ModelHash;
        ArtifactOptions.Add(inputs, StageNames.Factor, options);
        return Build(
            context,
            StageNames.Factor,
            inputs,
            layer =>
            {
                using var scaling = metric.Open(layer.Index);
                return DecomposeLayer(
                    context,
                    layer,
                    module => MaxComponents(module.OutFeatures, module.InFeatures, options.PoolFraction, options.Storage),
                    scaling.Input,
                    scaling.Output,
                    module => Weights(context.Backend, module)
                );
            }
        );
    }

    /// <summary>Makes the parts that are not there yet, a layer each.</summary>
    /// <param name="context">The run.</param>
    /// <param name="stage">What makes them.</param>
    /// <param name="inputs">What they depend on.</param>
    /// <param name="make">Makes those of a layer; several layers at once where they are small.</param>
    /// <param name="before">What all of them need; called when any is missing.</param>
    public static FactorSet Build(
        PipelineContext context,
        string stage,
        JsonObject inputs,
        Func<DecoderLayer, List<TensorEntry>> make,
        Action? before = null
    )
    {
        var artifact = Open(context, stage, inputs);
        DecoderLayer[] missing = [.. context.Model.Layers.Where(layer => !artifact.Has(ArtifactParts.Layer(layer.Index)))];
        return context.Timed(
            stage,
            missing.Length == 0,
            () =>
            {
                if (missing.Length > 0)
                    before?.Invoke();
                LayersSideBySide.Run(
                    context,
                    stage,
                    missing,
                    layer => artifact.Write(ArtifactParts.Layer(layer.Index), make(layer)),
                    artifact
                );
                return new FactorSet(artifact);
            }
        );
    }

    /// <summary>The most components that any ratio below 1 can ask for: what is kept serves every ratio.</summary>
    public static int MaxComponents(int m, int n, double poolFraction, StorageForm storage)
    {
        if (storage == StorageForm.Pivoted)
            return Math.Min(m, n);
        int largestRank = Math.Max(1, (int)(((long)m * n - 1) / (m + n)));
        return Math.Min(Math.Min(m, n), ComponentPool.Size(m, n, largestRank, poolFraction));
    }

    /// <summary>All singular values of every module of the plan's order.</summary>
    public IReadOnlyDictionary<string, double[]> Spectra(DecoderModel model)
    {
        var spectra = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var layer in model.Layers)
        {
            using var file = OpenLayer(layer.Index);
            foreach (var module in layer.Linears)
                spectra[module.Name] = file[module.Name + ".sigma"].Doubles().ToArray();
        }
        return spectra;
    }

    /// <summary>The first <paramref name="components"/> components of a module, from a file of <see cref="OpenLayer"/>.</summary>
    public static SpectralFactors Load(SafeTensorsFile file, string module, int components)
    {
        StoredTensor left = file[module + ".left"],
            right = file[module + ".right"];
        int count = Math.Min(components, left.Rows);
        return new SpectralFactors(Rows(left, count).Transpose(), file[module + ".sigma"].Doubles().ToArray(), Rows(right, count));
    }

    /// <summary>The tensors that hold a module's factors.</summary>
    public static IEnumerable<TensorEntry> Entries(string module, SpectralFactors factors)
    {
        long components = factors.Components;
        yield return TensorEntry.FromSingles(module + ".left", [components, factors.Left.Rows], factors.Left.Transpose().ToSingles());
        yield return TensorEntry.FromDoubles(module + ".sigma", factors.Sigma);
        yield return TensorEntry.FromSingles(module + ".right", [components, factors.Right.Columns], factors.Right.ToSingles());
    }

    /// <summary>
    /// The factors with vectors as <see cref="Entries"/> stores them: what a pass goes on with must be what a resumed one finds.
    /// </summary>
    public static SpectralFactors Rounded(SpectralFactors factors) =>
        factors with
        {
            Left = Matrix.FromSingles(factors.Left.Rows, factors.Left.Columns, factors.Left.ToSingles()),
            Right = Matrix.FromSingles(factors.Right.Rows, factors.Right.Columns, factors.Right.ToSingles()),
        };

    /// <summary>W in float64.</summary>
    public static Matrix Weights(IBackend backend, LinearModule module) =>
        Matrix.FromSingles(module.OutFeatures, module.InFeatures, module.ToDense(backend));

    private static Artifact Open(PipelineContext context, string stage, JsonObject inputs)
    {
        inputs["layers"] = context.Model.Layers.Count;
        return context.Work.Open(stage, inputs);
    }

    /// <summary>Decomposes the modules of one layer.</summary>
    /// <param name="context">The run.</param>
    /// <param name="layer">Its modules, as they are now.</param>
    /// <param name="components">How many components of a module get vectors; 0 leaves it out.</param>
    /// <param name="input">What the columns of a group's weights are scaled with.</param>
    /// <param name="output">What the rows of a module's weights are scaled with.</param>
    /// <param name="target">What is decomposed.</param>
    /// <param name="whitened">Whether it is scaled already.</param>
    public static List<TensorEntry> DecomposeLayer(
        PipelineContext context,
        DecoderLayer layer,
        Func<LinearModule, int> components,
        Func<InputGroup, WhiteningFactor?> input,
        Func<LinearModule, WhiteningFactor?> output,
        Func<LinearModule, Matrix> target,
        bool whitened = false
    )
    {
        var la = context.Backend.LinearAlgebra;
        var entries = new Dictionary<string, List<TensorEntry>>(StringComparer.Ordinal);
        void Decompose(IReadOnlyList<ModuleTask> modules)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var tasks = modules
                .Select(m => new WhiteningTask(target(m.Module), m.Input, m.Output, components(m.Module)) { IsWhitened = whitened })
                .ToList();
            var factors = WhitenedSvd.Factorize(la, tasks);
            for (int i = 0; i < modules.Count; i++)
            {
                List<TensorEntry> made = [.. Entries(modules[i].Module.Name, factors[i])];
                lock (entries)
                    entries.Add(modules[i].Module.Name, made);
            }
        }
        // Small modules run beside each other, the most work first; a large one has all threads and the memory to itself.
        var small = new List<ModuleTask>();
        foreach (var group in layer.Groups)
        {
            var modules = group.Modules.Where(m => components(m) > 0).ToList();
            if (modules.Count == 0)
                continue;
            // Modules that read the same input share H and its factor (docs/methods.md).
            var shared = input(group);
            foreach (var module in modules)
            {
                var task = new ModuleTask(module, shared, output(module));
                if ((long)module.OutFeatures * module.InFeatures > LayersSideBySide.ModuleAlone)
                    Decompose([task]);
                else
                    small.Add(task);
            }
        }
        var batches = Batches([.. small.OrderByDescending(s => Work(s.Module))], la.LargestBatchedSide);
        la.ForEach(batches.Count, i => Decompose(batches[i]));
        return [.. layer.Linears.Where(module => entries.ContainsKey(module.Name)).SelectMany(module => entries[module.Name])];
    }

    private readonly record struct ModuleTask(LinearModule Module, WhiteningFactor? Input, WhiteningFactor? Output);

    // Equal shapes together where the device wants that, in the order of their first; all others alone.
    private static List<List<ModuleTask>> Batches(List<ModuleTask> tasks, int largestSide)
    {
        var batches = new List<List<ModuleTask>>();
        foreach (var task in tasks)
        {
            var (m, n) = (task.Module.OutFeatures, task.Module.InFeatures);
            var batch =
                Math.Max(m, n) > largestSide
                    ? null
                    : batches.Find(other => (other[0].Module.OutFeatures, other[0].Module.InFeatures) == (m, n));
            if (batch is null)
                batches.Add([task]);
            else
                batch.Add(task);
        }
        return batches;
    }

    private static double Work(LinearModule module) =>
        (double)module.OutFeatures * module.InFeatures * Math.Min(module.OutFeatures, module.InFeatures);

    private static Matrix Rows(StoredTensor tensor, int count)
    {
        var values = new float[count * tensor.Columns];
        tensor.WidenRows(0, count, values);
        return Matrix.FromSingles(count, tensor.Columns, values);
    }
}
