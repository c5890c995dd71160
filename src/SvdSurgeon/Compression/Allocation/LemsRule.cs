using SvdSurgeon.Compression.Ranks;

namespace SvdSurgeon.Compression.Allocation;

/// <summary>
/// Layer-wise error modelling (LEMS, Thoma et al., ICML 2026), as its authors describe it: one measured divergence per module gives the
/// curve of its dropped singular values a scale, and earlier layers weigh more, since what they lose goes through all later ones. The loss
/// at rank r is tail(r) / tail(r₀) · KL(r₀) · depth, with tail(r) = Σ_{i>r} σ_i², r₀ the uniform rank, KL(r₀) the divergence of the dense
/// model with this module alone at r₀, and depth = 1 + Σ_{k=l}^{L−1} 1/(k + 1) in layer l of L, counted from 0.
/// </summary>
internal sealed class LemsRule : AllocationRule
{
    public override string Name => "lems";
    public override string Sentence =>
        "by one measured KL divergence per module and its dropped singular values, earlier layers first (LEMS)";
    public override bool MeasuresDivergence => true;

    internal override int DivergencesPerModule(double ratio) => 1;

    internal override int[] Choose(AllocationProblem problem, IRankEvidence evidence)
    {
        int[] measured = [.. problem.Modules.Select(module => MeasuredRank(problem, module))];
        var (spectra, divergences) = (evidence.SingularValues(), evidence.DivergencesAlone(measured));
        return problem.Best([
            .. problem.Modules.Select(
                (module, i) =>
                {
                    var curve = RankLosses.FromSpectrum(module.Rows, module.Columns, spectra[i]);
                    double tail = curve.Losses[measured[i]],
                        scale = tail > 0 ? Math.Max(divergences[i], 0) / tail * Depth(module.Layer, problem.Layers) : 0;
                    return curve with { Losses = [.. curve.Losses.Select(loss => scale * loss)] };
                }
            ),
        ]);
    }

    // The uniform rank, or the largest below it that stores fewer numbers than the dense module.
    private static int MeasuredRank(AllocationProblem problem, ModuleShape module)
    {
        int rank = RankBudget.Rank(module.Rows, module.Columns, problem.Ratio, problem.Storage);
        while (rank > 1 && RankBudget.StaysDense(module.Rows, module.Columns, rank, problem.Storage))
            rank--;
        return rank;
    }

    private static double Depth(int layer, int layers)
    {
        double depth = 1;
        for (int k = layer; k < layers; k++)
            depth += 1.0 / (k + 1);
        return depth;
    }
}
