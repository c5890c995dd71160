using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Pipeline.Estimates;

/// <summary>What a run that makes integers should take: how often it does what <see cref="MachineProbe"/> has measured.</summary>
internal static class BitsEstimate
{
    // The table rounds every module with 2 to 6 bits.
    private const int RoundingsForTable = 5;
    private const int TokensPerStep = 2048;
    private const long Runtime = 110_000_000;

    // Accumulators, blocks, totals and what the collector leaves lying, over the sums themselves: as measured with SmolLM2-135M.
    private const double SumsInMemory = 19.0 / 8;

    /// <summary>Estimates.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="modelBytes">Size of its files, which are mapped.</param>
    /// <param name="options">What will be done.</param>
    /// <param name="sequences">Calibration sequences.</param>
    /// <param name="length">Tokens per sequence.</param>
    /// <param name="windows">Evaluation windows of that length; 0 for none.</param>
    /// <param name="memory">Bytes that the run may take.</param>
    /// <param name="probe">The machine.</param>
    public static RunEstimate Of(
        DecoderModel model,
        long modelBytes,
        BitsOptions options,
        int sequences,
        int length,
        int windows,
        long memory,
        MachineProbe probe
    )
    {
        sequences = Math.Min(sequences, options.Sequences);
        int heldOut = options.TrainingSteps == 0 ? 0 : HeldOutSequences.Count(sequences);
        double tokens = (double)(sequences - heldOut) * length,
            judged = (double)heldOut * length,
            evaluated = (double)windows * length,
            forward = model.Layers.Count * probe.Forward,
            both = model.Layers.Count * probe.Backward;
        double grams = 0,
            measured = 0,
            factors = 0;
        foreach (var group in model.Layers.SelectMany(layer => layer.Groups))
        {
            double n = group.InFeatures;
            grams += n * n * (1 + group.Modules.Count);
            foreach (var module in group.Modules)
            {
                measured += probe.Rounding(module);
                factors += n * n * n;
            }
        }
        double round = measured + factors * probe.Factor,
            sums = Math.Min(8 * grams, memory / 4.0),
            passes = Math.Ceiling(8 * grams / (memory / 4.0));
        List<StageEstimate> stages = [new(StageNames.Weighted, tokens * (passes * (both + probe.HeadBackward) + grams * probe.Gram))];
        if (!options.EqualBits)
            stages.Add(new(StageNames.Bits, RoundingsForTable * measured + factors * probe.Factor));
        string[] names = [.. Names(options)];
        foreach (string name in names)
        {
            stages.Add(new($"round {name}", round));
            if (options.TrainingSteps == 0)
                continue;
            double first = name == names[0] ? tokens * (forward + probe.HeadBackward) : 0;
            // A step's gradients of the weights are one more product than the pass back.
            double step = Math.Min(TokensPerStep, tokens) * (both + (both - forward) / 2 + probe.HeadBackward);
            stages.Add(new($"train {name}", round + first + options.TrainingSteps * step));
            stages.Add(new($"judge {name}", 2 * judged * (forward + probe.Head)));
        }
        if (windows > 0)
            foreach (string name in names.Prepend("dense"))
                stages.Add(new($"eval {name}", evaluated * (forward + probe.Head)));
        long weights = BitsPlan.Weights(model),
            training = options.TrainingSteps == 0 ? 0 : 10 * weights + (long)(2 * sizeof(float) * model.HeadWidth * tokens),
            activations = new PassOptions { TokensAtOnce = SequenceBlocks.TokensAtOnce }.ActivationBytes(model, length);
        var results = names.Select((name, i) => (name, ResultBytes(model, options, i))).ToList();
        return new RunEstimate(
            stages,
            (long)(Runtime + modelBytes + Math.Max(SumsInMemory * sums, training) + activations),
            (long)(4 * grams + results.Sum(result => result.Item2) * (options.TrainingSteps == 0 ? 1 : 2)),
            results
        );
    }

    private static IEnumerable<string> Names(BitsOptions options) =>
        options.TargetBytes is { } target
            ? ["size-" + SizeTarget.Megabytes(target)]
            : options.Bits.Select(bits => "bits-" + BitsPlan.BitsText(bits));

    // Linear modules by their bits, embedding and head by theirs (and a scale for 32 numbers), the rest little.
    private static long ResultBytes(DecoderModel model, BitsOptions options, int result) =>
        options.TargetBytes
        ?? (long)(
            options.Bits[result] / 8 * BitsPlan.Weights(model)
            + model.Tables.Sum(table => (double)table.Rows * table.Columns)
                * (options.EmbeddingBits == BitsOptions.KeepEmbedding ? 16 : options.EmbeddingBits + 0.5)
                / 8
        );
}
