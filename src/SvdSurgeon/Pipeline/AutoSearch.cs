using SvdSurgeon.Calibration;
using SvdSurgeon.Compression;
using SvdSurgeon.Models;

namespace SvdSurgeon.Pipeline;

/// <summary>One step of the search.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="HeldOutLoss">Mean next-token loss on the held-out sequences, infinite where logits were not finite.</param>
/// <param name="Kept">Whether it was the best so far.</param>
public sealed record AutoStep(string Name, double HeldOutLoss, bool Kept);

/// <summary>
/// The best combination of everything for one kept fraction: from plain SVD step by step, each step kept only if the loss on calibration sequences
/// that no statistic has seen improves. The evaluation data plays no part.
/// </summary>
internal sealed class AutoSearch(PipelineContext context, CompressionStages stages, TokenSet heldOut)
{
    // α of everything that auto makes: with token samples a wide pool pays, and one value lets the sequential pass serve every strength.
    private const double PoolFraction = 0.3;
    private static readonly SequentialOptions[] SequentialCandidates = [new(1, 1e-3), new(0.5, 1e-3), new(0.25, 1e-2)];
    private static readonly double[] Strengths = [0.25, 0.5, 1];
    private const int MaxRefinements = 2;

    private readonly List<AutoStep> _steps = [];
    private CompressionOptions _best = null!;
    private double _bestLoss = double.PositiveInfinity;

    /// <summary>What was tried, in order.</summary>
    public IReadOnlyList<AutoStep> Steps => _steps;

    /// <summary>The share of the calibration sequences that is kept out: an eighth, at least 2 and at most 32.</summary>
    public static int HeldOutSequences(int sequences) => Math.Clamp(sequences / 8, Math.Min(2, sequences / 2), 32);

    /// <summary>Searches and returns the best options.</summary>
    public CompressionOptions Choose(double ratio, CompressionOptions options)
    {
        var common = options with { Surgeon = SurgeonMode.None, SurgeonOptions = options.SurgeonOptions with { PoolFraction = PoolFraction } };
        Try("svd", ratio, common with { Method = CompressionMethod.Svd });
        Try("whitening", ratio, common with { Method = CompressionMethod.Whiten });
        var kfac = common with { Method = CompressionMethod.Kfac };
        Try("two-sided whitening", ratio, kfac);
        kfac = kfac with { Allocate = AllocationRule.Spectrum };
        Try("allocation by spectrum", ratio, kfac);
        kfac = kfac with { Storage = StorageForm.Pivoted };
        Try("pivoted storage", ratio, kfac);
        foreach (var sequential in SequentialCandidates)
            if (Sequential(_best)) Try($"sequential pass, strength {sequential.Strength}", ratio, _best with { Sequential = sequential });
        for (int i = 1; i <= MaxRefinements && _best.Method == CompressionMethod.Kfac; i++)
            Try($"gradients again at the compressed model ({i})", ratio, _best with { Refinements = i });
        foreach (double strength in Strengths)
            Try($"surgeon from tokens, strength {strength}", ratio, _best with
            {
                Surgeon = SurgeonMode.Update, Fisher = FisherSamples.Tokens, SurgeonOptions = _best.SurgeonOptions with { Scale = strength },
            });
        return _best;
    }

    private static bool Sequential(CompressionOptions options) => options.Method is CompressionMethod.Whiten or CompressionMethod.Kfac;

    private void Try(string name, double ratio, CompressionOptions options)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        string stage = $"auto {ResultFolder.RatioText(ratio)}";
        context.Progress.Report(new StageProgress(stage, name, _steps.Count, _steps.Count + 1));
        var modules = stages.Modules(ratio, options);
        double loss = context.Timed($"{stage}: {name}", false, () => Loss(modules));
        bool kept = loss < _bestLoss;
        _steps.Add(new AutoStep(name, loss, kept));
        if (kept) (_best, _bestLoss) = (options, loss);
        modules.Dispose();
    }

    private double Loss(CompressedModules modules)
    {
        var losses = new double[heldOut.Sequences];
        try
        {
            ForwardBackward.Forward(modules.Apply(context.Source), context.Backend, heldOut.Ids, heldOut.Length, losses, cancellationToken: context.Cancellation);
            return losses.Average();
        }
        catch (NumericalException)
        {
            // A candidate that ruins the model so thoroughly is only a candidate not to take.
            return double.PositiveInfinity;
        }
    }
}
