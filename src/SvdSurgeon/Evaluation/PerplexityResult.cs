namespace SvdSurgeon.Evaluation;

/// <summary>exp of the mean negative log likelihood of next tokens, with its error.</summary>
/// <param name="Ppl">Perplexity.</param>
/// <param name="MeanNll">Mean negative log likelihood of the predicted tokens, in nats.</param>
/// <param name="LogSe">Standard error of <paramref name="MeanNll"/>: standard deviation of the windows' means / √windows; 0 for one
/// window.</param>
/// <param name="Windows">Windows evaluated.</param>
/// <param name="Tokens">Tokens read, predicted or not.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record PerplexityResult(double Ppl, double MeanNll, double LogSe, int Windows, long Tokens, double Seconds);
