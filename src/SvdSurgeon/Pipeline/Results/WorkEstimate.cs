using System.Diagnostics;
using SvdSurgeon.Backends;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>
/// What a run will take, from operation counts and the measured rate of one matrix product. Good to a factor of about two.
/// </summary>
/// <param name="Seconds">Wall time without evaluation.</param>
/// <param name="MemoryBytes">Peak of the process, mapped files not counted.</param>
/// <param name="WorkBytes">Disk for the artifacts.</param>
internal sealed record WorkEstimate(double Seconds, long MemoryBytes, long WorkBytes)
{
    // A float64 decomposition does its operations at about this fraction of the rate of a float32 product.
    private const double DecompositionEfficiency = 0.15;

    /// <summary>Estimates a run.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="options">What will be done.</param>
    /// <param name="length">Tokens a calibration sequence.</param>
    /// <param name="backend">Where it will be done; a product of 10⁹ operations is timed on it.</param>
    public static WorkEstimate For(DecoderModel model, CompressionOptions options, int length, IBackend backend)
    {
        double alpha = options.SurgeonOptions.PoolFraction,
            rate = ProductRate(backend);
        double linear = 0,
            gram = 0,
            decomposition = 0,
            projection = 0,
            factorBytes = 0,
            gramBytes = 0,
            largest = 0;
        foreach (var group in model.Layers.SelectMany(layer => layer.Groups))
        {
            double n = group.InFeatures;
            gram += n * n;
            gramBytes += 4 * n * n;
            decomposition += n * n * n / 3;
            foreach (var module in group.Modules)
            {
                double m = module.OutFeatures,
                    small = Math.Min(m, n);
                double k = FactorSet.MaxComponents(module.OutFeatures, module.InFeatures, alpha, options.Storage);
                linear += 2 * m * n;
                decomposition += 14 * m * n * small + 8 * small * small * small;
                projection += 2 * (m + n) * k;
                factorBytes += 4 * (m + n) * k;
                largest = Math.Max(largest, 8 * (4 * m * n + 3 * n * n));
            }
        }
        var config = model.Config;
        double head = 2.0 * config.VocabSize * config.HiddenSize;
        double whitenTokens = options.Method.NeedsCalibration ? (double)options.Sequences * length : 0;
        double fisherTokens = options.NeedsFisher ? (double)options.FisherSequences * length : 0;
        // Each module at about ten ratios: on average half of the layers, and the head.
        double klTokens = options.MeasuresKl
            ? (double)options.KlSequences
                * length
                * model.Linears.Count
                * options.Allocate.DivergencesPerModule(options.Ratios[0])
                * options.Ratios.Count
            : 0;
        double operations =
            klTokens * (linear / 2 + head)
            + whitenTokens * (linear + gram)
            + decomposition / DecompositionEfficiency
            + fisherTokens * (2 * linear + 3 * head + projection);
        long activations = new PassOptions { TokensAtOnce = 1024 }.ActivationBytes(model, length);
        long hidden = (long)(whitenTokens * config.HiddenSize * sizeof(float));
        return new WorkEstimate(
            operations / rate,
            (long)Math.Max(largest, Math.Max(hidden, fisherTokens > 0 ? activations : 0)) + (150L << 20),
            (long)(factorBytes + gramBytes)
        );
    }

    private static double ProductRate(IBackend backend)
    {
        const int size = 512;
        using Tensor a = backend.Allocate(size, size),
            b = backend.Allocate(size, size),
            c = backend.Allocate(size, size);
        backend.Fill(a, 1);
        backend.Fill(b, 1);
        backend.MatMul(a, false, b, true, c);
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < 4; i++)
            backend.MatMul(a, false, b, true, c);
        return 4 * 2.0 * size * size * size / clock.Elapsed.TotalSeconds;
    }
}
