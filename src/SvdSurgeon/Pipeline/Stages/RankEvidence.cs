using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Fisher;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Stages;

/// <summary>What allocation rules go by in one run: each kind of evidence is an artifact, made when a rule asks for it.</summary>
/// <param name="context">The run.</param>
/// <param name="ratio">Kept fraction of all modules together.</param>
/// <param name="options">Storage, shrinkage and damping.</param>
/// <param name="factors">Makes or finds the factors of every module by the chosen method.</param>
/// <param name="fisher">Makes or finds their spectral Fisher.</param>
/// <param name="kl">Sequences that divergences are measured on.</param>
internal sealed class RankEvidence(
    PipelineContext context,
    double ratio,
    CompressionOptions options,
    Func<FactorSet> factors,
    Func<FactorSet, ISpectralFisherSource> fisher,
    TokenSet kl
) : IRankEvidence
{
    public IReadOnlyList<double[]> SingularValues()
    {
        var spectra = factors().Spectra(context.Model);
        return [.. context.Model.Linears.Select(module => spectra[module.Name])];
    }

    public IReadOnlyList<RankLosses> FisherLosses()
    {
        var made = factors();
        var (la, source, spectra) = (context.Backend.LinearAlgebra, fisher(made), made.Spectra(context.Model));
        var losses = new List<RankLosses>();
        foreach (var layer in context.Model.Layers)
        {
            using var fishers = source.Open(la, layer.Index);
            foreach (var m in layer.Linears)
            {
                var own = fishers.Fisher(m.Name);
                losses.Add(
                    RankLosses.FromFisher(
                        la,
                        m.OutFeatures,
                        m.InFeatures,
                        spectra[m.Name],
                        own.Pool(own.Size, options.SurgeonOptions.Shrinkage),
                        options.SurgeonOptions.Damping
                    )
                );
            }
        }
        return losses;
    }

    public IReadOnlyList<AllocationCandidate[]> CandidateDivergences() => KlSensitivity.Measure(context, factors(), ratio, options, kl);

    public double[] DivergencesAlone(IReadOnlyList<int> ranks) => KlSensitivity.Alone(context, factors(), ranks, kl);
}
