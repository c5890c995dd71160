using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>The grid of every linear module.</summary>
internal sealed class BitsPlan
{
    private BitsPlan(DecoderModel model, IReadOnlyDictionary<string, IntegerGrid> grids, double? loss)
    {
        Grids = grids;
        PredictedLoss = loss;
        foreach (var module in model.Linears)
            Bytes += grids.TryGetValue(module.Name, out var grid) ? grid.Bytes(module.OutFeatures, module.InFeatures) : DenseBytes(module);
        BitsPerWeight = 8.0 * Bytes / Weights(model);
    }

    /// <summary>Grids by module; one whose rows no group divides is not among them and stays as it is.</summary>
    public IReadOnlyDictionary<string, IntegerGrid> Grids { get; }

    /// <summary>Bytes of the linear modules.</summary>
    public long Bytes { get; }

    /// <summary>The same over the number of their weights.</summary>
    public double BitsPerWeight { get; }

    /// <summary>Σ of the modules' losses; null where they were not measured.</summary>
    public double? PredictedLoss { get; }

    /// <summary>Weights of the linear modules.</summary>
    public static long Weights(DecoderModel model) => model.Linears.Sum(module => (long)module.OutFeatures * module.InFeatures);

    /// <summary>The bits that lose least within a budget, the exact choice; without losses the same for all.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="table">Losses of every module and number of bits; null for equal bits.</param>
    /// <param name="budget">Bytes of the linear modules.</param>
    /// <returns>Null when even the fewest bits take more.</returns>
    public static BitsPlan? Choose(DecoderModel model, BitsTable? table, long budget)
    {
        LinearModule[] modules = [.. model.Linears.Where(module => IntegerGrid.GroupFor(module.InFeatures) is not null)];
        budget -= model.Linears.Except(modules).Sum(DenseBytes);
        int[] choice;
        if (table is null)
        {
            int bits = BitsTable.Candidates.Count - 1;
            while (bits >= 0 && modules.Sum(module => CandidateBytes(module, bits)) > budget)
                bits--;
            if (bits < 0)
                return null;
            choice = [.. modules.Select(_ => bits)];
        }
        else
        {
            var options = modules.Select(module => new MultipleChoice.Options(
                [.. Enumerable.Range(0, BitsTable.Candidates.Count).Select(i => CandidateBytes(module, i))],
                table.Losses(module.Name)
            ));
            if (MultipleChoice.Solve([.. options], budget) is not { } solution)
                return null;
            choice = solution.Choice;
        }
        var grids = modules.Select((module, i) => (module.Name, Grid: Grid(module, choice[i])));
        double? loss = table is null ? null : modules.Select((module, i) => table.Losses(module.Name)[choice[i]]).Sum();
        return new BitsPlan(model, grids.ToDictionary(m => m.Name, m => m.Grid, StringComparer.Ordinal), loss);
    }

    /// <summary>Bits by module, for keys and descriptions.</summary>
    public JsonObject ToJson() => new(Grids.Select(grid => KeyValuePair.Create(grid.Key, (JsonNode?)JsonValue.Create(grid.Value.Bits))));

    /// <summary>A number of bits as it stands in names: at least one digit after the point.</summary>
    public static string BitsText(double bits) => bits.ToString("0.0###############", CultureInfo.InvariantCulture);

    private static IntegerGrid Grid(LinearModule module, int candidate) =>
        new(BitsTable.Candidates[candidate], IntegerGrid.GroupFor(module.InFeatures)!.Value);

    private static long CandidateBytes(LinearModule module, int candidate) =>
        Grid(module, candidate).Bytes(module.OutFeatures, module.InFeatures);

    private static long DenseBytes(LinearModule module) =>
        module.StoredTensors.Sum(tensor => BitsWriter.WrittenType(tensor.Type).ByteCount(tensor.Count));
}
