namespace SvdSurgeon.Evaluation;

/// <summary>Chooses tokens, one after the other.</summary>
internal sealed class TokenSampler
{
    private readonly SamplingOptions _options;
    private readonly Random _random;

    /// <param name="options">How.</param>
    /// <exception cref="InvalidInputException">They make no sense.</exception>
    public TokenSampler(SamplingOptions options)
    {
        options.Check();
        _options = options;
        _random = new Random(options.Seed);
    }

    /// <summary>The next token.</summary>
    /// <param name="logits">One per word, finite.</param>
    public int Next(ReadOnlySpan<float> logits)
    {
        int likeliest = Likeliest(logits);
        if (_options.Temperature == 0)
            return likeliest;
        var weights = new double[logits.Length]; // probabilities over that of the likeliest
        for (int i = 0; i < weights.Length; i++)
            weights[i] = Math.Exp(((double)logits[i] - logits[likeliest]) / _options.Temperature);
        Cut(weights);
        double total = 0;
        foreach (double weight in weights)
            total += weight;
        double rest = _random.NextDouble() * total;
        for (int i = 0; i < weights.Length; i++)
        {
            rest -= weights[i];
            if (rest < 0)
                return i;
        }
        return likeliest;
    }

    // Sets the weights of tokens that are not to be chosen to 0.
    private void Cut(double[] weights)
    {
        if (_options.TopK == 0 && _options.TopP == 1 && _options.MinP == 0)
            return;
        int[] order = [.. Enumerable.Range(0, weights.Length)];
        // Equal weights in the order of the ids, so that a cut among them is the same everywhere.
        Array.Sort(order, (a, b) => weights[b].CompareTo(weights[a]) is not 0 and var sign ? sign : a.CompareTo(b));
        int kept = _options.TopK > 0 ? Math.Min(_options.TopK, order.Length) : order.Length;
        if (_options.TopP < 1)
        {
            double total = 0,
                sum = 0;
            for (int i = 0; i < kept; i++)
                total += weights[order[i]];
            int needed = 0;
            while (needed < kept && sum < _options.TopP * total)
                sum += weights[order[needed++]];
            kept = needed;
        }
        while (kept > 1 && weights[order[kept - 1]] < _options.MinP)
            kept--;
        foreach (int token in order.AsSpan(kept))
            weights[token] = 0;
    }

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best])
                best = i;
        return best;
    }
}
