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
/// <param name="Rounding">Seconds to round a module once, per weight and input.</param>
/// <param name="Factor">Seconds to factor the metric of a group, per input cubed.</param>
internal sealed record MachineProbe(
    double Forward,
    double Backward,
    double Head,
    double HeadBackward,
    double Gram,
    double Rounding,
    double Factor
)
{
    // Operations that a piece should have: some tenths of a second on two cores. More tokens would say no more.
    private const double Operations = 4e9;
    private const int MostTokens = 1024,
        FewestTokens = 32,
        ProbeBits = 4;

    // Rounding modules of more weights times inputs than this is measured on none of them, but scaled from a smaller one.
    private const double MostRounding = 5e8;

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
        var (rounding, factor) = Roundings(layer, backend);
        return new MachineProbe(
            forward / tokens,
            backward / tokens,
            loss / read,
            lossBackward / read,
            GramOf(backend, model.Config.HiddenSize, tokens),
            rounding,
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

    private static (double PerWeight, double PerCube) Roundings(DecoderLayer layer, IBackend backend)
    {
        var module = layer
            .Linears.Where(ModuleRounding.CanRound)
            .OrderBy(m => Cost(m) > MostRounding)
            .ThenByDescending(m => Cost(m) > MostRounding ? -Cost(m) : Cost(m))
            .FirstOrDefault();
        if (module is null)
            return (0, 0);
        double n = module.InFeatures,
            factor = Best(() => ModuleRounding.Probe(backend, module).Prepare());
        var prepared = ModuleRounding.Probe(backend, module);
        prepared.Prepare();
        return (Best(() => prepared.Measure(ProbeBits)) / Cost(module), factor / (n * n * n));
    }

    private static double Cost(LinearModule module) => (double)module.OutFeatures * module.InFeatures * module.InFeatures;

    // The first time compiles and warms up; of the next two the shorter one is what the machine can do.
    private static double Best(Action piece)
    {
        piece();
        double best = double.PositiveInfinity;
        for (int i = 0; i < 2; i++)
        {
            long start = Stopwatch.GetTimestamp();
            piece();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
