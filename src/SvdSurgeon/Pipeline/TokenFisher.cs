using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// The spectral Fisher with every token as a sample: H̄ = Σ_t q_t q_tᵀ, q_t = (D·left)_t ∘ (X·rightᵀ)_t (METHODS.md, section 9.5). A rank-T update of what
/// the projection computes anyway; with few sequences a far better estimate than one sample a sequence.
/// </summary>
internal sealed class TokenFisher : ISpectralFisherSource
{
    private const string Stage = "fisher";
    private const int TokensAtOnce = 1024;

    private readonly Artifact _artifact;
    private readonly Dictionary<string, int> _layers;
    private readonly long _tokens;

    private TokenFisher(Artifact artifact, DecoderModel model, TokenSet tokens)
    {
        _artifact = artifact;
        _layers = model.Layers.SelectMany(layer => layer.Linears.Select(m => (m.Name, layer.Index))).ToDictionary(p => p.Name, p => p.Index, StringComparer.Ordinal);
        _tokens = (long)tokens.Sequences * tokens.Length;
    }

    public string Key => _artifact.Key;

    /// <summary>Collects what is not there yet.</summary>
    public static TokenFisher Collect(PipelineContext context, FactorSet factors, TokenSet tokens)
    {
        var artifact = context.Work.Open(Stage, new JsonObject
        {
            ["model"] = context.ModelHash,
            ["factors"] = factors.Key,
            ["tokens"] = tokens.Hash(),
            ["sequences"] = tokens.Sequences,
            ["length"] = tokens.Length,
            ["samples"] = "tokens",
        });
        var missing = context.Model.Layers.Where(layer => !artifact.Has(PipelineContext.LayerPart(layer.Index))).ToList();
        return context.Timed(Stage, missing.Count == 0, () =>
        {
            while (missing.Count > 0)
            {
                using var sums = new FisherSums(context, factors, missing, ProcessMemory.Available / 4);
                var options = new PassOptions { TokensAtOnce = TokensAtOnce };
                if (options.ActivationBytes(context.Model.Config, tokens.Length) > ProcessMemory.Available / 8) options = options with { Recompute = true };
                ForwardBackward.Run(context.Model, context.Backend, tokens.Ids, tokens.Length, new double[tokens.Sequences], sums, options,
                    done => context.Progress.Report(new StageProgress(Stage, $"sequence {done}/{tokens.Sequences}", done, tokens.Sequences)), context.Cancellation);
                foreach (var layer in missing[..sums.Layers]) SafeTensorsWriter.Write(artifact.Part(PipelineContext.LayerPart(layer.Index)), sums.Entries(layer));
                missing = missing[sums.Layers..];
            }
            return new TokenFisher(artifact, context.Model, tokens);
        });
    }

    public SpectralFisher Fisher(ILinearAlgebra la, string module)
    {
        using var file = SafeTensorsFile.Open(_artifact.Part(PipelineContext.LayerPart(_layers[module])));
        var sum = file[module + ".sum"].Doubles();
        var fisher = new SpectralFisher(la, sum.Length);
        fisher.AddGram(PackedSymmetric.Unpack(file[module + ".fisher"].Doubles(), sum.Length), sum, _tokens);
        return fisher;
    }

    /// <summary>Sums of the first layers of a list, as many as the memory allows.</summary>
    private sealed class FisherSums : ILinearVisitor, IDisposable
    {
        private readonly IBackend _backend;
        private readonly List<SafeTensorsFile> _files = [];
        private readonly Dictionary<string, (StoredTensor Left, StoredTensor Right, GramAccumulator Gram, double[] Sum)> _modules = new(StringComparer.Ordinal);

        public FisherSums(PipelineContext context, FactorSet factors, List<DecoderLayer> layers, long budget)
        {
            _backend = context.Backend;
            long used = 0;
            foreach (var layer in layers)
            {
                var file = factors.OpenLayer(layer.Index);
                _files.Add(file);
                var present = layer.Linears.Where(m => file.Tensors.ContainsKey(m.Name + ".left")).ToList();
                used += present.Sum(m => (long)file[m.Name + ".left"].Rows * file[m.Name + ".left"].Rows * sizeof(double));
                if (used > budget && Layers > 0) break;
                foreach (var module in present)
                {
                    var left = file[module.Name + ".left"];
                    _modules[module.Name] = (left, file[module.Name + ".right"], _backend.CreateGram(left.Rows), new double[left.Rows]);
                }
                Layers++;
            }
        }

        public int Layers { get; private set; }

        public void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            if (!_modules.TryGetValue(module.Name, out var sums)) return;
            using var p = _backend.Allocate(dy.Rows, sums.Left.Rows);
            using var q = _backend.Allocate(x.Rows, sums.Right.Rows);
            _backend.Linear(dy, sums.Left, null, p);
            _backend.Linear(x, sums.Right, null, q);
            _backend.Multiply(p, q, p);
            sums.Gram.Add(p);
            _backend.AddColumnSums(p, false, sums.Sum);
        }

        public IEnumerable<TensorEntry> Entries(DecoderLayer layer)
        {
            foreach (var module in layer.Linears)
            {
                if (!_modules.TryGetValue(module.Name, out var sums)) continue;
                foreach (double value in sums.Sum)
                    if (!double.IsFinite(value)) throw new NumericalException($"{module.Name}: a spectral gradient is not finite. The model's weights or the calibration data are probably damaged.");
                yield return TensorEntry.FromDoubles(module.Name + ".fisher", PackedSymmetric.Pack(sums.Gram.ToMatrix()));
                yield return TensorEntry.FromDoubles(module.Name + ".sum", sums.Sum);
            }
        }

        public void Dispose()
        {
            foreach (var sums in _modules.Values) sums.Gram.Dispose();
            foreach (var file in _files) file.Dispose();
        }
    }
}
