namespace SvdSurgeon.Pipeline.States;

/// <summary>
/// Next-token losses of one model on the held-out sequences. Two models are compared token by token: what makes a token hard is the same
/// for both, so that the difference is known far better than either mean.
/// </summary>
internal sealed class HeldOutLoss
{
    // Neighbouring tokens share their context; blocks of this many are close to independent samples, and even few sequences have enough of
    // them.
    private const int TokensPerBlock = 64;

    private readonly double[] _tokens;

    /// <param name="tokens">Losses of all predicted tokens, sequence after sequence; empty when the model's logits were not finite.</param>
    public HeldOutLoss(double[] tokens)
    {
        _tokens = tokens;
        double sum = 0;
        foreach (double loss in tokens)
            sum += loss;
        Mean = tokens.Length == 0 ? double.PositiveInfinity : sum / tokens.Length;
    }

    /// <summary>A model that computes no finite logits.</summary>
    public static HeldOutLoss Infinite { get; } = new([]);

    /// <summary>Mean loss of a token, in nats.</summary>
    public double Mean { get; }

    /// <summary>Losses of all predicted tokens.</summary>
    public ReadOnlyMemory<double> Tokens => _tokens;

    /// <summary>Mean and standard error of this loss minus <paramref name="other"/>'s; infinite where one of them is.</summary>
    public (double Mean, double StandardError) Minus(HeldOutLoss other)
    {
        double mean = Mean - other.Mean;
        if (_tokens.Length == 0 || other._tokens.Length == 0)
            return (double.IsNaN(mean) ? 0 : mean, 0);
        int blocks = Math.Max(1, _tokens.Length / TokensPerBlock);
        double squares = 0;
        for (int b = 0; b < blocks; b++)
        {
            int first = (int)((long)b * _tokens.Length / blocks),
                end = (int)((long)(b + 1) * _tokens.Length / blocks);
            double sum = 0;
            for (int t = first; t < end; t++)
                sum += _tokens[t] - other._tokens[t] - mean;
            squares += sum * sum;
        }
        // Sums of blocks, so that blocks of one token more or less weigh what they should.
        return (mean, blocks < 2 ? 0 : Math.Sqrt(squares * blocks / (blocks - 1)) / _tokens.Length);
    }

    /// <summary>Whether this is better than <paramref name="other"/> by more than the difference's standard error.</summary>
    public bool IsBetterThan(HeldOutLoss other)
    {
        var (mean, error) = Minus(other);
        return mean < -error;
    }
}
