namespace SvdSurgeon.Backends;

/// <summary>
/// Sizes of one attention call. Query i of a sequence stands at position keyLength − queryLength + i and sees keys at or before it.
/// </summary>
/// <param name="Sequences">B.</param>
/// <param name="QueryLength">Queries a sequence.</param>
/// <param name="KeyLength">Keys a sequence, at least the queries.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">Key and value heads; divides <paramref name="Heads"/>.</param>
/// <param name="HeadDim">d.</param>
/// <param name="Window">Sliding window: a query sees the last Window keys, itself included; 0 for all.</param>
/// <param name="ScoreScale">Factor of the scores q·k; 0 for 1/√d.</param>
/// <param name="SoftCap">A scaled score s becomes cap · tanh(s / cap); 0 for no cap.</param>
internal readonly record struct AttentionShape(
    int Sequences,
    int QueryLength,
    int KeyLength,
    int Heads,
    int KeyValueHeads,
    int HeadDim,
    int Window = 0,
    float ScoreScale = 0,
    float SoftCap = 0
)
{
    /// <summary>Factor of the scores q·k.</summary>
    public float Scale => ScoreScale != 0 ? ScoreScale : (float)(1 / Math.Sqrt(HeadDim));
}
