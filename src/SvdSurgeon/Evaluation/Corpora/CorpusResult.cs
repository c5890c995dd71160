namespace SvdSurgeon.Evaluation.Corpora;

/// <summary>A model's perplexity on a corpus.</summary>
/// <param name="Corpus">The corpus.</param>
/// <param name="Perplexity">Perplexity and its error.</param>
internal sealed record CorpusResult(Corpus Corpus, PerplexityResult Perplexity)
{
    /// <summary>Σ −log p over the predicted tokens, in nats.</summary>
    public double LossSum => Perplexity.MeanNll * Corpus.ScoredTokens;
}
