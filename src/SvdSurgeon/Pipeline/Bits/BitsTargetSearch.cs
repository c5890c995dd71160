using SvdSurgeon.Evaluation;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>
/// The fewest bits per weight, to a tenth, whose perplexity on the evaluation data meets a target. Rounding alone finds them by bisection;
/// where the rounding is trained too, fewer are tried as long as they meet it.
/// </summary>
/// <param name="context">The run.</param>
/// <param name="table">What every module would lose; null for equal bits.</param>
/// <param name="windows">Evaluation data.</param>
/// <param name="make">Makes the modules of a result.</param>
internal sealed class BitsTargetSearch(
    PipelineContext context,
    BitsTable? table,
    TokenWindows windows,
    Func<string, BitsPlan, BitsOptions, (RoundedModules Modules, IReadOnlyList<AutoStep> Steps)> make
)
{
    private const int PerBit = 10;
    private const int Most = (int)(BitsTable.MostBitsPerWeight * PerBit);

    /// <summary>The bits.</summary>
    /// <param name="target">The perplexity.</param>
    /// <param name="options">How to round and train.</param>
    /// <exception cref="InvalidInputException">Not even the most bits reach it.</exception>
    public double Find(PerplexityTarget target, BitsOptions options)
    {
        double dense = DensePerplexity.Of(context, windows).MeanNll,
            limit = dense + Math.Log(1 + target.Increase);
        // Rounding alone takes no sequences away from the statistics: what it reaches, training reaches or improves.
        var rounded = options with
        {
            Effort = 1,
        };
        if (Loss(Most, rounded) is var best && !(best <= limit))
            throw new InvalidInputException(
                FormattableString.Invariant(
                    $"{target.Text}: out of reach. Even 8 bits raise perplexity by {100 * (Math.Exp(best - dense) - 1):0.####} %."
                )
            );
        int low = Fewest() - 1,
            high = Most;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Loss(middle, rounded) <= limit)
                high = middle;
            else
                low = middle;
        }
        if (options.TrainingSteps > 0)
            while (high > Fewest() && Loss(high - 1, options) <= limit)
                high--;
        return (double)high / PerBit;
    }

    // The fewest bits that the model's modules can have.
    private int Fewest()
    {
        int bits = Most;
        while (bits > 1 && BitsPlan.Choose(context.Model, table, BitsPlan.Budget(context.Model, (bits - 1.0) / PerBit)) is not null)
            bits--;
        return bits;
    }

    private double Loss(int bits, BitsOptions options)
    {
        double perWeight = (double)bits / PerBit;
        string name = BitsPlans.Name(perWeight);
        var (modules, _) = make(name, BitsPlans.ForBits(context.Model, table, perWeight), options);
        using (modules)
            return BitsEvaluation.Measure(context, $"target {name}", modules.Apply(context), windows).MeanNll;
    }
}
