namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>Token ids whose end is scored: −log p of each of the last <paramref name="Scored"/> ids, given all before it.</summary>
/// <param name="Ids">Context and continuation, as far as they fit; the last id is only predicted, never read.</param>
/// <param name="Scored">Tokens of the continuation.</param>
/// <param name="ContextTokens">Tokens of the whole context, cut or not.</param>
/// <param name="Dropped">Tokens that were cut at the front.</param>
internal sealed record ScoredText(int[] Ids, int Scored, int ContextTokens, int Dropped)
{
    /// <summary>What the model reads.</summary>
    public ReadOnlySpan<int> Input => Ids.AsSpan(0, Ids.Length - 1);

    /// <summary>The first position whose output is needed.</summary>
    public int FirstScored => Ids.Length - 1 - Scored;

    /// <summary>Whether the same tokens are scored after the same tokens.</summary>
    public bool IsSameAs(ScoredText other) => Scored == other.Scored && Ids.AsSpan().SequenceEqual(other.Ids);
}
