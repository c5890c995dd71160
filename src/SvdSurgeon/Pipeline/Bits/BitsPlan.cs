using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>The form of every linear module.</summary>
internal sealed class BitsPlan
{
    private readonly JsonObject _json;

    private BitsPlan(DecoderModel model, IReadOnlyDictionary<string, ModuleForm> forms, IReadOnlyDictionary<string, double> losses)
    {
        (Forms, Losses) = (forms, losses);
        PredictedLoss = losses.Count == 0 ? null : losses.Values.Sum();
        foreach (var module in model.Linears)
            Bytes += forms.TryGetValue(module.Name, out var form) ? form.Bytes(module.OutFeatures, module.InFeatures) : DenseBytes(module);
        _json = new JsonObject(
            model
                .Linears.Where(module => forms.ContainsKey(module.Name))
                .Select(module => KeyValuePair.Create(module.Name, (JsonNode?)forms[module.Name].ToJson(module.InFeatures)))
        );
        BitsPerWeight = 8.0 * Bytes / Weights(model);
    }

    /// <summary>Forms by module; one whose rows no group divides is not among them and stays as it is.</summary>
    public IReadOnlyDictionary<string, ModuleForm> Forms { get; }

    /// <summary>What each of them is predicted to lose; empty where that was not measured.</summary>
    public IReadOnlyDictionary<string, double> Losses { get; }

    /// <summary>Bytes of the linear modules.</summary>
    public long Bytes { get; }

    /// <summary>The same over the number of their weights.</summary>
    public double BitsPerWeight { get; }

    /// <summary>Σ of the modules' losses; null where they were not measured.</summary>
    public double? PredictedLoss { get; }

    /// <summary>Weights of the linear modules.</summary>
    public static long Weights(DecoderModel model) => model.Linears.Sum(module => (long)module.OutFeatures * module.InFeatures);

    /// <summary>Bytes of the linear modules at a number of bits per weight.</summary>
    public static long Budget(DecoderModel model, double bits) => (long)(bits * Weights(model) / 8);

    /// <summary>How many modules have how many bits, ascending; <see cref="BitsOptions.KeepEmbedding"/> for those that stay as they
    /// are.</summary>
    public SortedDictionary<int, int> ModulesByBits(DecoderModel model)
    {
        var modules = new SortedDictionary<int, int>();
        foreach (var module in model.Linears)
        {
            int bits = Forms.TryGetValue(module.Name, out var form) ? form.Bits : BitsOptions.KeepEmbedding;
            modules[bits] = modules.GetValueOrDefault(bits) + 1;
        }
        return modules;
    }

    /// <summary>The forms that lose least within a budget, the exact choice; without losses the same bits for all.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="table">Losses of every module and form; null for equal bits.</param>
    /// <param name="budget">Bytes of the linear modules.</param>
    /// <returns>Null when even the smallest forms take more.</returns>
    public static BitsPlan? Choose(DecoderModel model, BitsTable? table, long budget)
    {
        if (table is null)
            return Equal(model, budget);
        var modules = Modules(model);
        var forms = modules.ConvertAll(module => ModuleForm.Candidates(module.OutFeatures, module.InFeatures, table.Small));
        var options = modules.Select(
            (module, i) =>
                new MultipleChoice.Options(
                    [.. forms[i].Select(form => form.Bytes(module.OutFeatures, module.InFeatures))],
                    table.Losses(module.Name)
                )
        );
        if (MultipleChoice.Solve([.. options], budget - KeptBytes(model)) is not { } solution)
            return null;
        return new BitsPlan(
            model,
            modules.Select((module, i) => (module.Name, Form: forms[i][solution.Choice[i]])).ToDictionary(m => m.Name, m => m.Form),
            modules
                .Select((module, i) => (module.Name, Loss: table.Losses(module.Name)[solution.Choice[i]]))
                .ToDictionary(m => m.Name, m => m.Loss)
        );
    }

    /// <summary>Bytes of the linear modules in their smallest forms.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="small">Forms below 2 bits in the usual groups count.</param>
    public static long FewestBytes(DecoderModel model, bool small) =>
        KeptBytes(model)
        + Modules(model)
            .Sum(module =>
                ModuleForm.Candidates(module.OutFeatures, module.InFeatures, small)[0].Bytes(module.OutFeatures, module.InFeatures)
            );

    /// <summary>Bits by module, for keys and descriptions.</summary>
    public JsonObject ToJson() => (JsonObject)_json.DeepClone();

    /// <summary>A number of bits as it stands in names: at least one digit after the point.</summary>
    public static string BitsText(double bits) => bits.ToString("0.0###############", CultureInfo.InvariantCulture);

    private static BitsPlan? Equal(DecoderModel model, long budget)
    {
        for (int bits = IntegerGrid.MostBits; bits >= IntegerGrid.FewestBits; bits--)
        {
            var plan = new BitsPlan(
                model,
                Modules(model).ToDictionary(m => m.Name, m => new ModuleForm(bits, IntegerGrid.GroupFor(m.InFeatures)!.Value)),
                new Dictionary<string, double>()
            );
            if (plan.Bytes <= budget)
                return plan;
        }
        return null;
    }

    private static List<LinearModule> Modules(DecoderModel model) =>
        [.. model.Linears.Where(module => IntegerGrid.GroupFor(module.InFeatures) is not null)];

    // What stays as it is.
    private static long KeptBytes(DecoderModel model) => model.Linears.Except(Modules(model)).Sum(DenseBytes);

    private static long DenseBytes(LinearModule module) =>
        module.StoredTensors.Sum(tensor => BitsWriter.WrittenType(tensor.Type).ByteCount(tensor.Count));
}
