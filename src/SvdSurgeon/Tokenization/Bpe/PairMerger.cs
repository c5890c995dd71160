namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>Carries out the merges of BPE: always the pair of lowest rank, of equal ones the leftmost, until none is left.</summary>
/// <remarks>Holds its work space; one instance a thread.</remarks>
internal sealed class PairMerger(MergeTable merges)
{
    // Up to here looking through all pairs is faster than keeping them in a heap.
    private const int ShortLength = 40;

    // Children of a heap entry: four share a cache line, and the heap is half as deep as with two.
    private const int HeapWidth = 4;

    private readonly ulong[] _short = new ulong[ShortLength];
    private ulong[] _pending = [];
    private int[] _next = [];
    private int[] _previous = [];
    private ulong[] _heap = [];
    private int _heapCount;

    /// <summary>Merges symbols in place and returns how many are left.</summary>
    public int Merge(Span<int> symbols) =>
        symbols.Length < 2 ? symbols.Length
        : symbols.Length <= ShortLength ? MergeShort(symbols)
        : MergeLong(symbols);

    private int MergeShort(Span<int> symbols)
    {
        var pairs = _short.AsSpan(0, symbols.Length - 1); // pairs[i] is the merge of symbols i and i+1
        for (var i = 0; i < pairs.Length; i++)
            pairs[i] = merges.Find(symbols[i], symbols[i + 1]);
        var count = symbols.Length;
        while (count > 1)
        {
            var best = 0;
            var bestRank = MergeTable.Rank(pairs[0]);
            for (var i = 1; i < count - 1; i++)
            {
                var rank = MergeTable.Rank(pairs[i]);
                if (rank >= bestRank)
                    continue;
                best = i;
                bestRank = rank;
            }
            if (pairs[best] == MergeTable.None)
                break;
            symbols[best] = MergeTable.Result(pairs[best]);
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            count--;
            if (best < count - 1)
            {
                pairs[(best + 2)..count].CopyTo(pairs[(best + 1)..]);
                pairs[best] = merges.Find(symbols[best], symbols[best + 1]);
            }
            if (best > 0)
                pairs[best - 1] = merges.Find(symbols[best - 1], symbols[best]);
        }
        return count;
    }

    // A linked list of symbols and a heap of (rank, position). A heap entry counts only while the pair at its position still has its rank.
    private int MergeLong(Span<int> symbols)
    {
        var length = symbols.Length;
        if (_next.Length < length)
        {
            _next = new int[length];
            _previous = new int[length];
            _pending = new ulong[length];
        }
        _heapCount = 0;
        for (var i = 0; i < length; i++)
        {
            _next[i] = i + 1;
            _previous[i] = i - 1;
            _pending[i] = MergeTable.None;
            if (i + 1 < length)
                Expect(i, merges.Find(symbols[i], symbols[i + 1]));
        }
        while (_heapCount > 0)
        {
            var entry = Pop();
            var left = (int)(uint)entry;
            var merge = _pending[left];
            if (merge == MergeTable.None || MergeTable.Rank(merge) != entry >> 32)
                continue;
            var right = _next[left];
            var after = _next[right];
            symbols[left] = MergeTable.Result(merge);
            _next[left] = after;
            _pending[right] = MergeTable.None;
            if (after < length)
                _previous[after] = left;
            Expect(left, after < length ? merges.Find(symbols[left], symbols[after]) : MergeTable.None);
            if (_previous[left] is >= 0 and var before)
                Expect(before, merges.Find(symbols[before], symbols[left]));
        }
        var count = 0;
        for (var i = 0; i < length; i = _next[i])
            symbols[count++] = symbols[i];
        return count;
    }

    private void Expect(int position, ulong merge)
    {
        _pending[position] = merge;
        if (merge == MergeTable.None)
            return;
        if (_heapCount == _heap.Length)
            Array.Resize(ref _heap, Math.Max(256, _heap.Length * 2));
        var heap = _heap;
        var entry = ((ulong)MergeTable.Rank(merge) << 32) | (uint)position;
        var at = _heapCount++;
        while (at > 0 && heap[(at - 1) / HeapWidth] > entry)
        {
            heap[at] = heap[(at - 1) / HeapWidth];
            at = (at - 1) / HeapWidth;
        }
        heap[at] = entry;
    }

    private ulong Pop()
    {
        var heap = _heap.AsSpan(0, --_heapCount + 1);
        var top = heap[0];
        var entry = heap[^1];
        heap = heap[..^1];
        var at = 0;
        for (var child = 1; child < heap.Length; child = HeapWidth * at + 1)
        {
            var end = Math.Min(child + HeapWidth, heap.Length);
            var least = child;
            for (var i = child + 1; i < end; i++)
                if (heap[i] < heap[least])
                    least = i;
            if (heap[least] >= entry)
                break;
            heap[at] = heap[least];
            at = least;
        }
        _heap[at] = entry;
        return top;
    }
}
