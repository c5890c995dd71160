using System.Diagnostics;
using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Evaluation;

/// <summary>
/// Perplexity over non-overlapping windows: in each window tokens 2…T are predicted (the protocol of the compression papers).
/// </summary>
public static class Perplexity
{
    // Several windows together make the products larger; what a window gives does not depend on its company.
    private const int TokensAtOnce = 2048;

    /// <summary>Evaluates a model, dense or compressed, on threads of its own.</summary>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="windows">Evaluation data.</param>
    /// <param name="device">Where to compute; null for all cores.</param>
    /// <param name="progress">Gets the number of finished windows.</param>
    /// <param name="cancellationToken">Checked between layers.</param>
    /// <exception cref="InvalidModelException">The model is not supported.</exception>
    /// <exception cref="InvalidInputException">The windows are longer than the model's positions, or have ids outside the
    /// vocabulary.</exception>
    /// <exception cref="NumericalException">A window has logits that are not finite.</exception>
    public static Task<PerplexityResult> EvaluateAsync(
        Checkpoint model,
        TokenWindows windows,
        ComputeDevice? device = null,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(windows);
        return ComputeDevice.RunAsync(
            device,
            backend => Evaluate(DecoderModel.Load(model), backend, windows, progress is null ? null : progress.Report, cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Evaluates <paramref name="model"/>.</summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="windows">Evaluation data.</param>
    /// <param name="windowsDone">Called with the number of finished windows.</param>
    /// <param name="cancellationToken">Checked between layers.</param>
    /// <exception cref="NumericalException">A window has logits that are not finite.</exception>
    /// <exception cref="InvalidInputException">The windows are longer than the model's positions, or have ids outside the
    /// vocabulary.</exception>
    internal static PerplexityResult Evaluate(
        DecoderModel model,
        IBackend backend,
        TokenWindows windows,
        Action<int>? windowsDone = null,
        CancellationToken cancellationToken = default
    )
    {
        var clock = Stopwatch.StartNew();
        var losses = new double[windows.Count];
        ForwardBackward.Forward(
            model,
            backend,
            windows.Slice(0, windows.Count),
            windows.Length,
            losses,
            options: new PassOptions { TokensAtOnce = TokensAtOnce },
            sequencesDone: windowsDone,
            cancellationToken: cancellationToken
        );
        return Summarize(losses, windows.Length, clock.Elapsed.TotalSeconds);
    }

    /// <summary>The result from the windows' mean losses.</summary>
    internal static PerplexityResult Summarize(ReadOnlySpan<double> windowLosses, int length, double seconds)
    {
        int n = windowLosses.Length;
        double mean = 0,
            squares = 0;
        foreach (double loss in windowLosses)
            mean += loss / n;
        foreach (double loss in windowLosses)
            squares += (loss - mean) * (loss - mean);
        double error = n > 1 ? Math.Sqrt(squares / (n - 1) / n) : 0;
        return new PerplexityResult(Math.Exp(mean), mean, error, n, (long)n * length, seconds);
    }
}
