using System.Diagnostics;
using SvdSurgeon.Backends;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Bits;

namespace SvdSurgeon.Pipeline.Estimates;

/// <summary>
/// What this machine needs for the pieces that runs are made of, measured with the model's own first layer, head and modules in about a
/// second. Estimates count the pieces.
/// </summary>
/// <param name="Forward">Seconds for a token through a layer.</param>
/// <param name="Backward">Seconds for a token through a layer and back.</param>
/// <param name="Head">Seconds for a token's loss.</param>
/// <param name="HeadBackward">Seconds for a token's loss and its gradient.</param>
/// <param name="Gram">Seconds for a token and a number of a Gram matrix.</param>
/// <param name="Roundings">Seconds to round a module of each shape once.</param>
/// <param name="Factor">Seconds to factor the metric of a group, per input cubed.</param>
internal sealed record MachineProbe(
    double Forward,
    double Backward,
    double Head,
    double HeadBackward,
    double Gram,
    IReadOnlyDictionary<(int Rows, int Columns), double> Roundings,
    double Factor
)
{
    // Operations that a piece should have: some tenths of a second on two cores. More tokens would say no more.
    private const double Operations = 4e9;
    private const int MostTokens = 1024,
        FewestTokens = 32,
        ProbeBits = 4;

    // Modules of more weights than this are not rounded to see: their time is scaled from that of smaller ones.
    private const double MostRounded = 2e6;

    /// <summary>Seconds to round a module once.</summary>
    public double Rounding(LinearModule module)
    {
        if (Roundings.TryGetValue((module.OutFeatures, module.InFeatures), out double seconds))
            return seconds;
        if (Roundings.Count == 0 || !ModuleRounding.CanRound(module))
            return 0;
        var (shape, measured) = Roundings.MaxBy(rounding => (double)rounding.Key.Rows * rounding.Key.Columns);
        return measured * module.OutFeatures * module.InFeatures / ((double)shape.Rows * shape.Columns);
    }

    /// <summary>Measures.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="backend">Where the run will be.</param>
    /// <param name="length">Tokens per sequence.</param>
    public static MachineProbe Measure(DecoderModel model, IBackend backend, int length)
    {
        var layer = model.Layers[0];
        double weights = layer.Linears.Sum(module => (double)module.OutFeatures * module.InFeatures),
            head = (double)model.Config.VocabSize * model.HeadWidth;
        int tokens = Tokens(weights),
            sequenceLength = Math.Min(length, tokens),
            sequences = Math.Max(1, tokens / sequenceLength);
        tokens = sequences * sequenceLength;
        var ids = new int[tokens];
        for (int t = 0; t < tokens; t++)
            ids[t] = (int)(t * 7919L % model.Config.VocabSize);
        using var hidden = backend.Allocate(tokens, model.Config.HiddenSize);
        using var gradient = backend.Allocate(tokens, model.Config.HiddenSize);
        model.Embed(backend, ids, sequences, hidden);
        var context = new LayerContext(sequences, sequenceLength);
        double forward = Best(() => layer.Forward(backend, hidden, context)),
            backward = Best(() =>
            {
                using var kept = new LayerActivations();
                layer.Forward(backend, hidden, context, kept);
                backend.Copy(hidden, gradient);
                layer.Backward(backend, kept, gradient);
            });
        int read = Math.Min(tokens, Tokens(head));
        var rows = hidden.RowRange(0, read);
        double loss = Best(() => model.Loss(backend, rows, ids.AsSpan(0, read), new double[read])),
            lossBackward = Best(() => model.Loss(backend, rows, ids.AsSpan(0, read), new double[read], gradient.RowRange(0, read)));
        var (roundings, factor) = Round(layer, backend);
        return new MachineProbe(
            forward / tokens,
            backward / tokens,
            loss / read,
            lossBackward / read,
            GramOf(backend, model.Config.HiddenSize, tokens),
            roundings,
            factor
        );
    }

    /// <summary>Tokens for which a matrix of so many weights has about <see cref="Operations"/>.</summary>
    private static int Tokens(double weights) => (int)Math.Clamp(Operations / (6 * weights), FewestTokens, MostTokens);

    private static double GramOf(IBackend backend, int width, int tokens)
    {
        using var inputs = backend.Allocate(tokens, width);
        backend.Fill(inputs, 1);
        using var gram = backend.CreateGram(width);
        return Best(() => gram.Add(inputs)) / ((double)tokens * width * width);
    }

    private static (Dictionary<(int, int), double> Roundings, double PerCube) Round(DecoderLayer layer, IBackend backend)
    {
        var roundings = new Dictionary<(int, int), double>();
        double perCube = 0;
        var modules = layer.Linears.Where(ModuleRounding.CanRound).OrderBy(Weights).ToList();
        foreach (var module in modules.Where(module => Weights(module) <= MostRounded || module == modules[0]))
        {
            if (roundings.ContainsKey((module.OutFeatures, module.InFeatures)))
                continue;
            var probe = ModuleRounding.Probe(backend, module);
            if (perCube == 0)
                perCube = Best(() => ModuleRounding.Probe(backend, module).Prepare()) / Math.Pow(module.InFeatures, 3);
            probe.Prepare();
            roundings[(module.OutFeatures, module.InFeatures)] =
                roundings.Count == 0 ? Best(() => probe.Measure(ProbeBits)) : Once(() => probe.Measure(ProbeBits));
        }
        return (roundings, perCube);
    }

    private static double Weights(LinearModule module) => (double)module.OutFeatures * module.InFeatures;

    private static double Once(Action piece)
    {
        long start = Stopwatch.GetTimestamp();
        piece();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // The first time compiles and warms up; of the next two the shorter one is what the machine can do.
    private static double Best(Action piece)
    {
        piece();
        double best = double.PositiveInfinity;
        for (int i = 0; i < 2; i++)
        {
            best = Math.Min(best, Once(piece));
        }
        return best;
    }
}
