using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>The plans of the sizes that are asked for.</summary>
internal static class BitsPlans
{
    // 2 bits in the usual groups take 2.5, and mixtures down to them lose less than anything smaller would.
    private const double SmallBelow = 2.75;

    /// <summary>A plan for each size, with the name of its result.</summary>
    /// <param name="source">The dense model's files.</param>
    /// <param name="model">The dense model.</param>
    /// <param name="tables">What every module would lose, without or with the small forms; null for equal bits.</param>
    /// <param name="options">The sizes. Each decides for itself whether it needs small forms, whatever is asked for beside it.</param>
    /// <exception cref="InvalidInputException">No bits reach a size.</exception>
    public static List<(string Name, BitsPlan Plan)> Of(
        Checkpoint source,
        DecoderModel model,
        Func<bool, BitsTable?> tables,
        BitsOptions options
    ) =>
        options.TargetBytes is { } target
            ?
            [
                (
                    "size-" + SizeTarget.Megabytes(target),
                    ForSize(source, model, tables(IsSmall(model, options, target - FixedBytes(source, model, options))), options, target)
                ),
            ]
            :
            [
                .. options.Bits.Select(bits =>
                    (Name(bits), ForBits(model, tables(IsSmall(model, options, BitsPlan.Budget(model, bits))), bits))
                ),
            ];

    /// <summary>Name of a result.</summary>
    public static string Name(double bits) => $"bits-{BitsPlan.BitsText(bits)}";

    /// <summary>The plan of one number of bits per weight.</summary>
    /// <exception cref="InvalidInputException">Even the smallest forms take more.</exception>
    public static BitsPlan ForBits(DecoderModel model, BitsTable? table, double bits) =>
        BitsPlan.Choose(model, table, BitsPlan.Budget(model, bits)) ?? throw TooFew(model, bits, table is { Small: true });

    /// <summary>Refuses sizes that no form reaches, before anything is computed.</summary>
    /// <exception cref="InvalidInputException">No form reaches a size.</exception>
    public static void Check(Checkpoint source, DecoderModel model, BitsOptions options)
    {
        long fewest = BitsPlan.FewestBytes(model, AllowsSmall(options));
        if (options.TargetBytes is { } target && target - FixedBytes(source, model, options) < fewest)
            throw TooSmall(target);
        foreach (double bits in options.Bits)
            if (BitsPlan.Budget(model, bits) < fewest)
                throw TooFew(model, bits, AllowsSmall(options));
    }

    /// <summary>Whether forms below 2 bits in the usual groups are candidates within a budget.</summary>
    public static bool IsSmall(DecoderModel model, BitsOptions options, long budget) =>
        AllowsSmall(options) && budget < BitsPlan.Budget(model, SmallBelow);

    private static bool AllowsSmall(BitsOptions options) => options.Rounding == RoundingMethod.Feedback && !options.EqualBits;

    // The files hold the linear modules, what does not depend on the plan, and headers whose length does, a little.
    private static BitsPlan ForSize(Checkpoint source, DecoderModel model, BitsTable? table, BitsOptions options, long target)
    {
        long budget = target - FixedBytes(source, model, options);
        while (BitsPlan.Choose(model, table, budget) is { } plan)
        {
            long excess = BitsWriter.PlannedBytes(source, model, plan, options) - target;
            if (excess <= 0)
                return plan;
            budget = Math.Min(budget, plan.Bytes) - excess;
        }
        throw TooSmall(target);
    }

    private static long FixedBytes(Checkpoint source, DecoderModel model, BitsOptions options)
    {
        var any = BitsPlan.Choose(model, null, long.MaxValue / 2)!;
        return BitsWriter.PlannedBytes(source, model, any, options) - any.Bytes;
    }

    private static InvalidInputException TooFew(DecoderModel model, double bits, bool small)
    {
        double fewest = Math.Ceiling(80.0 * BitsPlan.FewestBytes(model, small) / BitsPlan.Weights(model)) / 10;
        return new InvalidInputException(
            $"--bits {BitsPlan.BitsText(bits)}: even the smallest forms take more in this model. Use {BitsPlan.BitsText(fewest)} or more."
        );
    }

    private static InvalidInputException TooSmall(long target) =>
        new(
            $"--target-size {SizeTarget.Megabytes(target)}: even in their smallest forms the linear modules make larger files. "
                + "Ask for more, or use fewer --embedding-bits."
        );
}
