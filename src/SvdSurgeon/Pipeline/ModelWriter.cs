using System.Text.Json.Nodes;
using SvdSurgeon.Compression;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;

using SvdSurgeon.Tensors;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Pipeline;

/// <summary>Writes a compressed model as a Hugging Face folder: factors (or merged weights) for the linear modules, everything else as it was.</summary>
internal static class ModelWriter
{
    public static void Write(
        PipelineContext context, Checkpoint source, CompressionPlan plan, ModuleFactors factors, SpectralGradients? gradients,
        CompressionOptions options, JsonObject recipe, string folder)
    {
        var modules = plan.Modules.Where(m => m.Rank is not null).ToDictionary(m => m.Name, StringComparer.Ordinal);
        var entries = new List<TensorEntry>();
        using var cache = new ModuleCache(context, factors, gradients, options);
        int built = 0;
        foreach (var tensor in source.Tensors.Values)
        {
            var type = options.WrittenType(tensor.Type);
            string? name = tensor.Name.EndsWith(".weight", StringComparison.Ordinal) ? tensor.Name[..^".weight".Length] : null;
            if (name is null || !modules.TryGetValue(name, out var module))
            {
                entries.Add(type == tensor.Type ? TensorEntry.From(tensor) : TensorEntry.From(tensor, type));
                continue;
            }
            int layer = context.Model.Layers.Select((l, i) => (l, i)).First(p => p.l.Linears.Any(linear => linear.Name == name)).i;
            LowRankFactors Factors()
            {
                context.Cancellation.ThrowIfCancellationRequested();
                return cache.Get(module, layer, () => context.Progress.Report(
                    new StageProgress($"write {ResultFolder.RatioText(plan.Ratio)}", module.Name, ++built, modules.Count)));
            }
            long m = module.Rows, n = module.Columns, r = module.Rank!.Value;
            if (options.Dense)
                entries.Add(Entry(tensor.Name, [m, n], () => Factors().Product(context.Backend.LinearAlgebra), type));
            else
            {
                entries.Add(Entry(name + ".A", [m, r], () => Factors().A, type));
                entries.Add(Entry(name + ".B", [r, n], () => Factors().B, type));
            }
        }
        var config = (JsonObject)source.ConfigJson.DeepClone();
        config["svdsurgeon"] = recipe.DeepClone();
        HuggingFaceWriter.Write(folder, config, entries, source.Path, written =>
        {
            // A GGUF file carries its tokenizer in itself; a Hugging Face folder needs it as a file.
            if (source.Format == "gguf") Tokenizer.Open(source.Path).WriteTokenizerJson(Path.Combine(written, "tokenizer.json"));
        });
    }

    private static TensorEntry Entry(string name, long[] shape, Func<Matrix> matrix, DType type) =>
        new(name, type, shape, stream => TensorEntry.FromSingles(name, shape, matrix().ToSingles(), type).WriteTo(stream));

    /// <summary>Keeps the last module's factors: A and B are asked for one after the other.</summary>
    private sealed class ModuleCache(PipelineContext context, ModuleFactors factors, SpectralGradients? gradients, CompressionOptions options) : IDisposable
    {
        private (string Name, LowRankFactors Factors)? _last;
        private (int Layer, SafeTensorsFile File)? _open;

        public LowRankFactors Get(ModulePlan module, int layer, Action onBuild)
        {
            if (_last?.Name == module.Name) return _last.Value.Factors;
            if (_open?.Layer != layer)
            {
                _open?.File.Dispose();
                _open = (layer, factors.OpenLayer(layer));
            }
            onBuild();
            var built = CompressedModule.Build(context.Backend.LinearAlgebra, module, _open!.Value.File, gradients, options);
            _last = (module.Name, built);
            return built;
        }

        public void Dispose() => _open?.File.Dispose();
    }
}
