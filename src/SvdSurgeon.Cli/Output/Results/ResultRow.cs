using SvdSurgeon.Evaluation;

namespace SvdSurgeon.Cli.Output.Results;

/// <summary>A model in a table of results.</summary>
/// <param name="Name">What it is called there.</param>
/// <param name="Measure">Kept fraction or bits per weight.</param>
/// <param name="Bytes">Size of its weight files.</param>
/// <param name="Perplexity">Where it was evaluated.</param>
internal sealed record ResultRow(string Name, string Measure, long Bytes, PerplexityResult? Perplexity);
