using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>What a model would lose at every size, before anything is written.</summary>
/// <param name="Asked">The sizes that were asked for.</param>
/// <param name="Curve">A point for every quarter of a bit per weight, from the fewest on that the losses known reach.</param>
/// <param name="HasLosses">Whether a work folder held the losses of every module; else all modules have the same bits.</param>
internal sealed record BitsCurve(IReadOnlyList<BitsPoint> Asked, IReadOnlyList<BitsPoint> Curve, bool HasLosses)
{
    private const double Step = 0.25;

    /// <summary>The curve of a model.</summary>
    /// <param name="checkpoint">The dense model.</param>
    /// <param name="options">Sizes and how to round.</param>
    /// <param name="work">A work folder of an earlier run; null for none.</param>
    /// <exception cref="InvalidInputException">An option makes no sense, or no bits reach a size.</exception>
    /// <exception cref="InvalidModelException">The model is compressed already, damaged or not supported.</exception>
    public static BitsCurve Of(Checkpoint checkpoint, BitsOptions options, string? work)
    {
        options.Validate();
        if (checkpoint.Compression is not null)
            throw new InvalidModelException($"{checkpoint.Path} is already compressed. Plan for the dense model instead.");
        var model = DecoderModel.Load(checkpoint);
        BitsPlans.Check(checkpoint, model, options);
        var tables = new Dictionary<bool, BitsTable?>();
        if (work is not null && !options.EqualBits)
        {
            string hash = ModelHash.Of(checkpoint, CancellationToken.None);
            foreach (bool small in (bool[])[false, true])
                tables[small] = BitsTable.Find(work, hash, model.Layers.Count, options.Rounding, small);
        }
        BitsTable? Table(bool small) => tables.GetValueOrDefault(small);
        BitsPoint Point(string name, BitsPlan plan) =>
            new(
                name,
                plan.BitsPerWeight,
                BitsWriter.PlannedBytes(checkpoint, model, plan, options),
                plan.PredictedLoss,
                plan.ModulesByBits(model)
            );
        var curve = new List<BitsPoint>();
        for (double bits = Step; bits <= BitsTable.MostBitsPerWeight; bits += Step)
            if (
                BitsPlan.Budget(model, bits) is var budget
                && BitsPlan.Choose(model, Table(BitsPlans.IsSmall(model, options, budget)), budget) is { } plan
                && (curve.Count == 0 || plan.BitsPerWeight > curve[^1].Bits)
            )
                curve.Add(Point(BitsPlans.Name(bits), plan));
        return new BitsCurve(
            [.. BitsPlans.Of(checkpoint, model, Table, options).Select(p => Point(p.Name, p.Plan))],
            curve,
            Table(false) is not null || Table(true) is not null
        );
    }
}
