using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Statistics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Fisher;

/// <summary>
/// The spectral Fisher with every token as a sample: H̄ = Σ_t q_t q_tᵀ, q_t = (D·left)_t ∘ (X·rightᵀ)_t (docs/methods.md). A rank-T
/// update of what the projection computes anyway; with few sequences a far better estimate than one sample a sequence.
/// </summary>
internal sealed class TokenFisher : ISpectralFisherSource
{
    private readonly long _tokens;

    private TokenFisher(Artifact artifact, TokenSet tokens) => (Artifact, _tokens) = (artifact, (long)tokens.Sequences * tokens.Length);

    /// <summary>Where it is kept.</summary>
    public Artifact Artifact { get; }

    public string Key => Artifact.Key;

    /// <summary>Collects what is not there yet; a shard collects its share of it.</summary>
    public static TokenFisher Collect(PipelineContext context, FactorSet factors, TokenSet tokens)
    {
        var inputs = context.Inputs(tokens);
        inputs["factors"] = factors.Key;
        inputs["samples"] = "tokens";
        var artifact = context.Work.Open(StageNames.Fisher, inputs, given: true);
        var statistic = new Statistic(artifact, layers => new FisherSums(context.Backend, factors, layers), layer => Bytes(factors, layer));
        return context.Timed(
            StageNames.Fisher,
            !statistic.IsIncomplete(context.Model),
            () =>
            {
                GradientPass.Run(context, StageNames.Fisher, context.Model, tokens, statistic);
                return new TokenFisher(artifact, tokens);
            }
        );
    }

    public SpectralFisherReader Open(ILinearAlgebra la, int layer) =>
        new(
            [Artifact.Part(ArtifactParts.Layer(layer))],
            (files, module) =>
            {
                var sum = files[0][module + ".sum"].Doubles();
                var fisher = new SpectralFisher(la, sum.Length);
                fisher.AddGram(PackedSymmetric.Unpack(files[0][module + ".fisher"].Doubles(), sum.Length), sum, _tokens);
                return fisher;
            }
        );

    private static long Bytes(FactorSet factors, DecoderLayer layer)
    {
        using var file = factors.OpenLayer(layer.Index);
        return layer.Linears.Sum(m =>
            file.Tensors.TryGetValue(m.Name + ".left", out var left) ? PackedSymmetric.Length(left.Rows) * 2 * sizeof(double) : 0
        );
    }

    private sealed class FisherSums : LayerSums
    {
        private readonly IBackend _backend;
        private readonly List<SafeTensorsFile> _files = [];
        private readonly Dictionary<string, (StoredTensor Left, StoredTensor Right, GramAccumulator Gram, double[] Sum)> _modules = new(
            StringComparer.Ordinal
        );

        public FisherSums(IBackend backend, FactorSet factors, IReadOnlyList<DecoderLayer> layers)
        {
            _backend = backend;
            foreach (var layer in layers)
            {
                var file = factors.OpenLayer(layer.Index);
                _files.Add(file);
                foreach (var module in layer.Linears)
                    if (file.Tensors.TryGetValue(module.Name + ".left", out var left))
                        _modules[module.Name] = (left, file[module.Name + ".right"], _backend.CreateGram(left.Rows), new double[left.Rows]);
            }
        }

        public override void Gradient(LinearModule module, Tensor x, Tensor dy)
        {
            if (!_modules.TryGetValue(module.Name, out var sums))
                return;
            using var p = _backend.Allocate(dy.Rows, sums.Left.Rows);
            using var q = _backend.Allocate(x.Rows, sums.Right.Rows);
            _backend.Linear(dy, sums.Left, null, p);
            _backend.Linear(x, sums.Right, null, q);
            _backend.Multiply(p, q, p);
            sums.Gram.Add(p);
            _backend.AddColumnSums(p, false, sums.Sum);
        }

        public override void MoveTo(Sums sums, DecoderLayer layer)
        {
            foreach (var module in layer.Linears)
            {
                if (!_modules.TryGetValue(module.Name, out var own))
                    continue;
                own.Gram.MoveTo(sums.Of(module.Name + ".fisher", PackedSymmetric.Length(own.Gram.Size)));
                sums.Move(own.Sum, module.Name + ".sum");
            }
        }

        public override void Dispose()
        {
            foreach (var sums in _modules.Values)
                sums.Gram.Dispose();
            foreach (var file in _files)
                file.Dispose();
        }
    }
}
