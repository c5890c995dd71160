using System.Numerics;

namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>
/// The merges of a BPE vocabulary: which two symbols become one, and how early. Open addressing, keyed by both ids packed in 64 bits.
/// </summary>
internal sealed class MergeTable
{
    /// <summary>What <see cref="Find"/> returns for symbols that do not merge; above every merge.</summary>
    public const ulong None = ulong.MaxValue;

    private readonly Slot[] _slots;
    private readonly int _shift;

    /// <param name="capacity">Number of merges that will be set, at most.</param>
    public MergeTable(int capacity)
    {
        var bits = BitOperations.Log2((uint)Math.Max(capacity, 8)) + 2;
        _slots = new Slot[1 << bits];
        _shift = 64 - bits;
        Array.Fill(_slots, new Slot { Key = None, Value = None });
    }

    private struct Slot
    {
        public ulong Key;
        public ulong Value;
    }

    /// <summary>The symbol that a merge found by <see cref="Find"/> makes.</summary>
    public static int Result(ulong merge) => (int)(uint)merge;

    /// <summary>How late a merge found by <see cref="Find"/> comes: the lowest rank is made first.</summary>
    public static uint Rank(ulong merge) => (uint)(merge >> 32);

    /// <summary>Sets the merge of two symbols; a later one for the same pair replaces the earlier.</summary>
    public void Set(int left, int right, int rank, int result)
    {
        var key = Pack(left, right);
        var at = IndexOf(key);
        while (_slots[at].Key != None && _slots[at].Key != key)
            at = (at + 1) & (_slots.Length - 1);
        _slots[at] = new Slot { Key = key, Value = ((ulong)(uint)rank << 32) | (uint)result };
    }

    /// <summary>The merge of two symbols, rank above result, or <see cref="None"/>.</summary>
    public ulong Find(int left, int right)
    {
        var key = Pack(left, right);
        var slots = _slots;
        for (var at = IndexOf(key); ; at = (at + 1) & (slots.Length - 1))
        {
            ref var slot = ref slots[at];
            if (slot.Key == key)
                return slot.Value;
            if (slot.Key == None)
                return None;
        }
    }

    /// <summary>All merges, by rank.</summary>
    public IEnumerable<(int Left, int Right, int Result)> InOrder() =>
        _slots
            .Where(slot => slot.Key != None)
            .OrderBy(slot => slot.Value)
            .ThenBy(slot => slot.Key)
            .Select(slot => ((int)(slot.Key >> 32), (int)(uint)slot.Key, Result(slot.Value)));

    private static ulong Pack(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int IndexOf(ulong key) => (int)((key * 0x9E37_79B9_7F4A_7C15) >> _shift);
}
