using SvdSurgeon.Compression.Ranks;

namespace SvdSurgeon.Compression.Allocation;

/// <summary>The ranks that lose least by ½Σ_{dropped} σ_i², all ranks of all modules together.</summary>
internal sealed class SpectrumRule : AllocationRule
{
    public override string Name => "spectrum";
    public override string Sentence => "by the singular values of all modules together, where they estimate the loss (--method kfac)";
    public override bool ComparesModules => true;

    internal override int[] Choose(AllocationProblem problem, IRankEvidence evidence) =>
        problem.Best([
            .. evidence
                .SingularValues()
                .Zip(problem.Modules, (sigma, module) => RankLosses.FromSpectrum(module.Rows, module.Columns, sigma)),
        ]);
}
