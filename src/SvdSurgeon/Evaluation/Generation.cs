using SvdSurgeon.Backends;
using SvdSurgeon.Models;

namespace SvdSurgeon.Evaluation;

/// <summary>
/// Text generation with a key-value cache: the prompt in one pass, then one token a pass. Works with every kind of linear module.
/// </summary>
public static class Generation
{
    /// <summary>
    /// Yields new token ids as they are made; ends after <paramref name="count"/> or before the first token that ends a text.
    /// </summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="prompt">Token ids to continue.</param>
    /// <param name="count">Most tokens to make.</param>
    /// <param name="temperature">0 takes the likeliest token; above, the distribution softmax(logits / temperature) is sampled.</param>
    /// <param name="seed">Of the sampling: the same seed gives the same text.</param>
    /// <param name="cancellationToken">Checked for every token.</param>
    /// <exception cref="InvalidInputException">The prompt is empty, the text would be longer than the model's positions, or the temperature
    /// is negative.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public static IEnumerable<int> Generate(
        DecoderModel model,
        IBackend backend,
        IReadOnlyList<int> prompt,
        int count,
        double temperature = 0,
        int seed = 0,
        CancellationToken cancellationToken = default
    )
    {
        if (prompt.Count == 0)
            throw new InvalidInputException("The prompt is empty: give at least one token to continue.");
        if (!(temperature >= 0) || double.IsInfinity(temperature))
            throw new InvalidInputException(
                $"--temperature {temperature}: the temperature must be 0 (the likeliest token) or a positive number."
            );
        if (prompt.Count + count > model.Config.MaxPositions)
            throw new InvalidInputException(
                $"{prompt.Count} tokens of prompt and {count} new ones are more than the {model.Config.MaxPositions} positions of this "
                    + $"model: ask for fewer tokens."
            );
        return Run(model, backend, [.. prompt], count, temperature, new Random(seed), cancellationToken);
    }

    private static IEnumerable<int> Run(
        DecoderModel model,
        IBackend backend,
        int[] prompt,
        int count,
        double temperature,
        Random random,
        CancellationToken cancellationToken
    )
    {
        using var decoder = new CachedDecoder(model, backend, prompt.Length + count);
        var logits = new float[model.Config.VocabSize];
        int[] next = prompt;
        for (int made = 0; made < count; made++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            decoder.Append(next, logits);
            int token = temperature == 0 ? Likeliest(logits) : Sample(logits, temperature, random);
            if (model.Config.EosTokenIds.Contains(token))
                yield break;
            yield return token;
            next = [token];
        }
    }

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best])
                best = i;
        return best;
    }

    private static int Sample(ReadOnlySpan<float> logits, double temperature, Random random)
    {
        double max = logits[Likeliest(logits)],
            total = 0;
        foreach (float logit in logits)
            total += Math.Exp((logit - max) / temperature);
        double rest = random.NextDouble() * total;
        for (int i = 0; i < logits.Length; i++)
        {
            rest -= Math.Exp((logits[i] - max) / temperature);
            if (rest < 0)
                return i;
        }
        return Likeliest(logits);
    }
}
