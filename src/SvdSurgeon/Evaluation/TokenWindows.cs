namespace SvdSurgeon.Evaluation;

/// <summary>
/// Evaluation windows of equal length, cut without overlap (or with one token of it); what does not fill a window is dropped.
/// </summary>
public sealed class TokenWindows
{
    private readonly int[] _ids;

    private TokenWindows(int[] ids, int length)
    {
        _ids = ids;
        Length = length;
    }

    /// <summary>Tokens a window.</summary>
    public int Length { get; }

    /// <summary>How many windows.</summary>
    public int Count => _ids.Length / Length;

    /// <summary>The windows from <paramref name="first"/>, one after the other.</summary>
    public ReadOnlySpan<int> Slice(int first, int count) => _ids.AsSpan(first * Length, count * Length);

    /// <summary>SHA-256 of shape and ids, in hexadecimal.</summary>
    public string Hash() => new Calibration.TokenSet(_ids, Count, Length).Hash();

    /// <summary>Windows of one long text.</summary>
    /// <param name="ids">The text's token ids.</param>
    /// <param name="length">Tokens a window.</param>
    /// <param name="windows">At most this many; 0 for all.</param>
    /// <param name="contiguous">Each window begins with the last token of the one before.</param>
    /// <exception cref="InvalidInputException">The text does not fill one window.</exception>
    public static TokenWindows FromText(ReadOnlySpan<int> ids, int length, int windows = 0, bool contiguous = false) =>
        FromRows(ids, ids.Length, length, windows, contiguous);

    /// <summary>Windows of a two-dimensional token file, row by row: no window spans two rows.</summary>
    /// <param name="ids">Rows of token ids, one after the other.</param>
    /// <param name="rowLength">Tokens a row.</param>
    /// <param name="length">Tokens a window.</param>
    /// <param name="windows">At most this many; 0 for all.</param>
    /// <param name="contiguous">Each window of a row begins with the last token of the one before.</param>
    /// <exception cref="InvalidInputException">A row does not fill one window.</exception>
    public static TokenWindows FromRows(ReadOnlySpan<int> ids, int rowLength, int length, int windows = 0, bool contiguous = false)
    {
        if (length < 2)
            throw new InvalidInputException(
                $"--seqlen {length}: a window needs at least 2 tokens, one to predict from and one to predict."
            );
        if (rowLength < length)
            throw new InvalidInputException(
                $"The evaluation data has {rowLength} tokens in a row, fewer than one window of {length}: use a longer text or a smaller "
                    + $"--seqlen."
            );
        int step = contiguous ? length - 1 : length,
            perRow = (rowLength - length) / step + 1,
            count = ids.Length / rowLength * perRow;
        if (windows > 0)
            count = Math.Min(count, windows);
        var all = new int[count * length];
        for (int i = 0; i < count; i++)
            ids.Slice(i / perRow * rowLength + i % perRow * step, length).CopyTo(all.AsSpan(i * length));
        return new TokenWindows(all, length);
    }
}
