using SvdSurgeon.Backends;
using SvdSurgeon.Models;

namespace SvdSurgeon.Evaluation;

/// <summary>
/// Text generation with a key-value cache: the prompt in one pass, then one token a pass. Works with every kind of linear module.
/// </summary>
internal static class Generation
{
    /// <summary>
    /// Yields new token ids as they are made; ends after <paramref name="count"/> or before the first token that ends a text.
    /// </summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="prompt">Token ids to continue.</param>
    /// <param name="count">Most tokens to make.</param>
    /// <param name="sampling">How tokens are chosen; null for the likeliest.</param>
    /// <param name="stopTokens">Tokens that end a text; null for those of the model's configuration.</param>
    /// <param name="cancellationToken">Checked for every token.</param>
    /// <exception cref="InvalidInputException">The prompt is empty, the text would be longer than the model's positions, or the sampling
    /// makes no sense.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public static IEnumerable<int> Generate(
        DecoderModel model,
        IBackend backend,
        IReadOnlyList<int> prompt,
        int count,
        SamplingOptions? sampling = null,
        IReadOnlyCollection<int>? stopTokens = null,
        CancellationToken cancellationToken = default
    )
    {
        if (prompt.Count == 0)
            throw new InvalidInputException("The prompt is empty: give at least one token to continue.");
        var sampler = new TokenSampler(sampling ?? new SamplingOptions());
        if (prompt.Count + count > model.Config.MaxPositions)
            throw new InvalidInputException(
                $"{prompt.Count} tokens of prompt and {count} new ones are more than the {model.Config.MaxPositions} positions of this "
                    + $"model: ask for fewer tokens."
            );
        return Run(model, backend, [.. prompt], count, sampler, stopTokens ?? model.Config.EosTokenIds, cancellationToken);
    }

    private static IEnumerable<int> Run(
        DecoderModel model,
        IBackend backend,
        int[] prompt,
        int count,
        TokenSampler sampler,
        IReadOnlyCollection<int> stopTokens,
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
            int token = sampler.Next(logits);
            if (stopTokens.Contains(token))
                yield break;
            yield return token;
            next = [token];
        }
    }
}
