namespace SvdSurgeon.Pipeline.Ranks;

/// <summary>What becomes of one linear module.</summary>
/// <param name="Name">Hugging Face module name.</param>
/// <param name="Rows">m, out features.</param>
/// <param name="Columns">n, in features.</param>
/// <param name="Rank">r; null when the module stays dense.</param>
/// <param name="Pool">k: components that the surgeon sees.</param>
/// <param name="Before">Parameters m·n.</param>
/// <param name="After">Numbers stored, indices included.</param>
/// <param name="DenseReason">Why it stays dense, or null.</param>
internal sealed record ModulePlan(string Name, int Rows, int Columns, int? Rank, int Pool, long Before, long After, string? DenseReason);
