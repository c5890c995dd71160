namespace SvdSurgeon.Architectures.Layouts;

/// <summary>Linear modules that read the same input.</summary>
/// <param name="Linears">The modules; one where it is <see cref="Fused"/>.</param>
internal sealed record ProjectionLayout(params IReadOnlyList<LinearLayout> Linears)
{
    /// <summary>Where one module gives several outputs: the features of each. It is stored, measured and compressed as the one that it
    /// is. Null where every module gives one output.</summary>
    public IReadOnlyList<int[]>? Fused { get; init; }

    /// <summary>Outputs of the given widths that follow each other.</summary>
    public static IReadOnlyList<int[]> InTurn(params ReadOnlySpan<int> widths)
    {
        var parts = new int[widths.Length][];
        for (int i = 0, first = 0; i < widths.Length; first += widths[i++])
            parts[i] = [.. Enumerable.Range(first, widths[i])];
        return parts;
    }

    /// <summary>Outputs that every head has one after the other: for three, q, k and v of the first head, then of the second.</summary>
    public static IReadOnlyList<int[]> HeadByHead(int outputs, int heads, int headDim) =>
        [
            .. Enumerable
                .Range(0, outputs)
                .Select(output =>
                    Enumerable.Range(0, heads).SelectMany(head => Enumerable.Range((head * outputs + output) * headDim, headDim)).ToArray()
                ),
        ];
}
