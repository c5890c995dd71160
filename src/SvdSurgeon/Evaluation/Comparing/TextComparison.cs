using System.Text.Json.Nodes;

namespace SvdSurgeon.Evaluation.Comparing;

/// <summary>Two models on the same tokens. Losses are −log p of a token, in nats; differences are the second model's less the
/// first's.</summary>
internal sealed class TextComparison
{
    private readonly double[] _first;
    private readonly double[] _second;
    private readonly double[] _divergences;
    private readonly int _perWindow;

    /// <param name="name">What the text is called.</param>
    /// <param name="first">Losses of the first model, window by window.</param>
    /// <param name="second">Losses of the second.</param>
    /// <param name="divergences">KL(first ‖ second) of the distributions at every token, in nats.</param>
    /// <param name="sameTop">Tokens at which both models' likeliest words are the same.</param>
    /// <param name="perWindow">Predicted tokens per window.</param>
    public TextComparison(string name, double[] first, double[] second, double[] divergences, long sameTop, int perWindow)
    {
        (Name, _first, _second, _perWindow) = (name, first, second, perWindow);
        _divergences = [.. divergences.Order()];
        Divergence = Mean.Of(divergences);
        double share = (double)sameTop / first.Length;
        SameTop = new Mean(share, first.Length > 1 ? Math.Sqrt(share * (1 - share) / (first.Length - 1)) : null);
    }

    /// <summary>What the text is called.</summary>
    public string Name { get; }

    /// <summary>Tokens compared.</summary>
    public int Tokens => _first.Length;

    /// <summary>Windows they stand in.</summary>
    public int Windows => _first.Length / _perWindow;

    /// <summary>Mean loss of the first model.</summary>
    public Mean First => Mean.Of(_first);

    /// <summary>Mean loss of the second model.</summary>
    public Mean Second => Mean.Of(_second);

    /// <summary>Mean difference, its error taken from token to token.</summary>
    public Mean Difference => Mean.Of(Differences());

    /// <summary>The same difference, its error taken from window to window: tokens of one text are not independent, windows are nearly
    /// so.</summary>
    public Mean DifferenceOfWindows => Mean.Of(Differences().Chunk(_perWindow).Select(window => window.Average()));

    /// <summary>Mean KL divergence.</summary>
    public Mean Divergence { get; }

    /// <summary>Share of tokens at which both would say the same word.</summary>
    public Mean SameTop { get; }

    /// <summary>The divergence that a share of the tokens stays at or below.</summary>
    /// <param name="share">0 to 1; between two tokens it is interpolated.</param>
    public double DivergenceQuantile(double share) => Quantile(_divergences, share);

    /// <summary>The difference that a share of the tokens stays at or below.</summary>
    /// <param name="share">0 to 1.</param>
    public double DifferenceQuantile(double share) => Quantile([.. Differences().Order()], share);

    /// <summary>All numbers.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["text"] = Name,
            ["tokens"] = Tokens,
            ["windows"] = Windows,
            ["window_length"] = _perWindow + 1,
            ["first"] = Loss(First),
            ["second"] = Loss(Second),
            ["difference"] = new JsonObject
            {
                ["mean"] = Difference.Value,
                ["stderr"] = Difference.Error,
                ["t"] = Difference.T,
                ["stderr_by_window"] = DifferenceOfWindows.Error,
                ["t_by_window"] = DifferenceOfWindows.T,
                ["ppl_ratio"] = Math.Exp(Difference.Value),
            },
            ["kl"] = new JsonObject
            {
                ["mean"] = Divergence.Value,
                ["stderr"] = Divergence.Error,
                ["median"] = DivergenceQuantile(0.5),
                ["p99"] = DivergenceQuantile(0.99),
                ["max"] = DivergenceQuantile(1),
            },
            ["same_top"] = new JsonObject { ["share"] = SameTop.Value, ["stderr"] = SameTop.Error },
        };

    private static JsonObject Loss(Mean loss) =>
        new()
        {
            ["ppl"] = Math.Exp(loss.Value),
            ["mean_nll"] = loss.Value,
            ["stderr"] = loss.Error,
        };

    private IEnumerable<double> Differences() => _second.Zip(_first, (second, first) => second - first);

    private static double Quantile(double[] ascending, double share)
    {
        double at = share * (ascending.Length - 1);
        int below = (int)at;
        return below + 1 < ascending.Length
            ? ascending[below] + (at - below) * (ascending[below + 1] - ascending[below])
            : ascending[below];
    }
}
