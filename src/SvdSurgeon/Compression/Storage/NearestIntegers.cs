using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Compression.Storage;

/// <summary>Rounds a matrix to integers with a scale per group of columns, each number for itself.</summary>
/// <remarks>
/// The scale of a group is searched for: from the one that just holds its largest number, which is the rule of the compressed-tensors
/// library, down to smaller ones that clip it, of either sign, each fitted to its integers by least squares; the one with the least squared
/// error is taken.
/// </remarks>
internal static class NearestIntegers
{
    private const double SmallestStep = 0.025;

    /// <summary>The rounded matrix.</summary>
    /// <param name="la">Rows are shared among its threads; the result does not depend on their number.</param>
    /// <param name="weights">W, m × n, row-major, finite.</param>
    /// <param name="rows">m.</param>
    /// <param name="columns">n.</param>
    /// <param name="bits">Bits per number, 2 to 8.</param>
    /// <param name="groupSize">Columns that share a scale.</param>
    /// <param name="name">Tensor name, for messages.</param>
    /// <exception cref="NumericalException">A number is not finite, or a group needs a scale beyond float16.</exception>
    public static IntegerMatrix Round(ILinearAlgebra la, float[] weights, int rows, int columns, int bits, int groupSize, string name)
    {
        int groups = (columns + groupSize - 1) / groupSize;
        var numbers = new sbyte[checked(rows * columns)];
        var scales = new Half[rows * groups];
        la.ForEach(
            rows,
            row =>
            {
                for (int group = 0; group < groups; group++)
                {
                    int first = row * columns + group * groupSize,
                        count = Math.Min(groupSize, columns - group * groupSize);
                    var scale = RoundGroup(weights.AsSpan(first, count), bits, numbers.AsSpan(first, count));
                    if (!Half.IsFinite(scale))
                        throw new NumericalException(
                            $"Tensor '{name}' holds numbers in row {row} that need a scale beyond float16 in {bits} bits. Use --type f32 "
                                + $"or bf16."
                        );
                    scales[row * groups + group] = scale;
                }
            }
        );
        return new IntegerMatrix(rows, columns, bits, groupSize, numbers, scales);
    }

    /// <summary>The compressed-tensors library's scale: the largest magnitude over half of the range.</summary>
    /// <returns>Not finite where a number is not, or the scale is beyond float16.</returns>
    public static Half WidestScale(ReadOnlySpan<float> group, int bits)
    {
        float largest = 0;
        foreach (float weight in group)
            largest = float.IsNaN(weight) ? float.NaN : Math.Max(largest, Math.Abs(weight));
        return (Half)(largest / (((1 << bits) - 1) / 2f));
    }

    /// <summary>q = w / scale, rounded half to even and clipped to the range.</summary>
    public static void Round(ReadOnlySpan<float> group, Half scale, int bits, Span<sbyte> numbers)
    {
        var (least, most) = IntegerGroups.Range(bits);
        float by = (float)scale;
        for (int i = 0; i < group.Length; i++)
            numbers[i] = by == 0 ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(group[i] / by), least, most);
    }

    private static Half RoundGroup(ReadOnlySpan<float> group, int bits, Span<sbyte> numbers)
    {
        var widest = WidestScale(group, bits);
        if (!Half.IsFinite(widest))
            return widest;
        Span<sbyte> trial = stackalloc sbyte[group.Length];
        var best = widest;
        double bestLoss = double.PositiveInfinity;
        // Few bits gain most by clipping.
        int steps = bits switch
        {
            <= 3 => 24,
            <= 5 => 12,
            _ => 4,
        };
        for (int candidate = 0; candidate < 2 * (steps + 1); candidate++)
        {
            // The range has one number more below 0 than above: with a scale below 0 it is the other way round.
            double part = (1 - candidate / 2 * SmallestStep) * (candidate % 2 == 0 ? 1 : -1);
            var scale = (Half)((double)widest * part);
            Round(group, scale, bits, trial);
            double cross = 0,
                square = 0;
            for (int i = 0; i < group.Length; i++)
            {
                cross += (double)group[i] * trial[i];
                square += trial[i] * trial[i];
            }
            // Σ (w − s q)² less Σ w², which all candidates share.
            var fitted = square == 0 ? scale : (Half)(cross / square);
            double loss = (double)fitted * ((double)fitted * square - 2 * cross);
            if (loss >= bestLoss || !Half.IsFinite(fitted))
                continue;
            (best, bestLoss) = (fitted, loss);
            trial.CopyTo(numbers);
        }
        return best;
    }
}
