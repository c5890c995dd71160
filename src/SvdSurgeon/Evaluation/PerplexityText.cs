using System.Globalization;

namespace SvdSurgeon.Evaluation;

/// <summary>Perplexities for people. Above 709.78 nats the exponential is no number any more; the mean loss still is.</summary>
internal static class PerplexityText
{
    /// <summary>"8.073 ± 0.14", or a word and the loss where the perplexity is too large for a number.</summary>
    /// <param name="ppl">Perplexity.</param>
    /// <param name="meanNll">Its logarithm, nats.</param>
    /// <param name="logSe">Standard error of the logarithm.</param>
    /// <param name="format">Format of the perplexity.</param>
    public static string WithError(double ppl, double meanNll, double logSe, string format = "G5") =>
        double.IsFinite(ppl) ? $"{ppl.ToString(format, CultureInfo.InvariantCulture)} {Error(ppl, logSe)}" : TooLarge(meanNll);

    /// <summary>"± 0.14", or nothing where the perplexity is too large for a number.</summary>
    public static string Error(double ppl, double logSe) =>
        double.IsFinite(ppl) ? $"± {(ppl * logSe).ToString("G2", CultureInfo.InvariantCulture)}" : "";

    /// <summary>The perplexity of a mean loss without its error.</summary>
    public static string Of(double meanNll, string format = "G5") =>
        double.IsFinite(Math.Exp(meanNll)) ? Math.Exp(meanNll).ToString(format, CultureInfo.InvariantCulture) : TooLarge(meanNll);

    private static string TooLarge(double meanNll) =>
        string.Create(CultureInfo.InvariantCulture, $"too large for a number (e^{meanNll:G6})");
}
