namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>A growing list of ids.</summary>
internal sealed class TokenBuffer
{
    private int[] _ids = new int[1024];

    public int Count { get; private set; }

    public Span<int> Ids => _ids.AsSpan(0, Count);

    public void Add(int id)
    {
        if (Count == _ids.Length)
            Array.Resize(ref _ids, _ids.Length * 2);
        _ids[Count++] = id;
    }

    public void Add(ReadOnlySpan<int> ids)
    {
        ids.CopyTo(Reserve(ids.Length));
        Count += ids.Length;
    }

    /// <summary>Room for <paramref name="count"/> ids after the last; <see cref="Keep"/> makes them part of the list.</summary>
    public Span<int> Reserve(int count)
    {
        if (_ids.Length - Count < count)
            Array.Resize(ref _ids, Math.Max(checked(Count + count), (int)Math.Min((long)_ids.Length * 2, Array.MaxLength)));
        return _ids.AsSpan(Count, count);
    }

    public void Keep(int count) => Count += count;

    public void RemoveAt(int index)
    {
        Ids[(index + 1)..].CopyTo(Ids[index..]);
        Count--;
    }

    public void Clear() => Count = 0;
}
