using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>Remembers the ids of short words: most of any text is a few thousand words. When it is full it starts again.</summary>
/// <remarks>One instance a thread.</remarks>
internal sealed class WordCache
{
    /// <summary>Longer words are rare and seldom come again.</summary>
    public const int LongestWord = 32;

    private const int Bits = 16;
    private const int MostWords = (1 << Bits) / 2;

    private readonly Entry[] _entries = new Entry[1 << Bits];
    private char[] _characters = new char[1 << 16];
    private int[] _ids = new int[1 << 15];
    private int _words;
    private int _characterCount;
    private int _idCount;

    private struct Entry
    {
        public uint Hash; // 0: empty
        public int Characters;
        public int Ids;
        public ushort Length;
        public ushort IdCount;
    }

    /// <summary>Hash of a word, never 0.</summary>
    public static uint Hash(ReadOnlySpan<char> word)
    {
        var hash = (ulong)word.Length * 0x9E37_79B9_7F4A_7C15;
        ref var bytes = ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(word));
        var at = 0;
        for (; at + 4 <= word.Length; at += 4)
            hash = Mix(hash ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, 2 * at)));
        ulong rest = 0;
        for (; at < word.Length; at++)
            rest = (rest << 16) | word[at];
        return (uint)(Mix(hash ^ rest) >> 32) | 1;
    }

    /// <summary>Ids of a word seen before.</summary>
    public bool TryGet(ReadOnlySpan<char> word, uint hash, out ReadOnlySpan<int> ids)
    {
        for (var at = Start(hash); ; at = (at + 1) & (_entries.Length - 1))
        {
            ref var entry = ref _entries[at];
            if (entry.Hash == hash && word.SequenceEqual(_characters.AsSpan(entry.Characters, entry.Length)))
            {
                ids = _ids.AsSpan(entry.Ids, entry.IdCount);
                return true;
            }
            if (entry.Hash != 0)
                continue;
            ids = default;
            return false;
        }
    }

    /// <summary>Remembers a word of at most <see cref="LongestWord"/> characters that is not there yet.</summary>
    public void Set(ReadOnlySpan<char> word, uint hash, ReadOnlySpan<int> ids)
    {
        if (_words == MostWords)
        {
            Array.Clear(_entries);
            _words = _characterCount = _idCount = 0;
        }
        if (_characterCount + word.Length > _characters.Length)
            Array.Resize(ref _characters, _characters.Length * 2);
        if (_idCount + ids.Length > _ids.Length)
            Array.Resize(ref _ids, _ids.Length * 2);
        word.CopyTo(_characters.AsSpan(_characterCount));
        ids.CopyTo(_ids.AsSpan(_idCount));
        var at = Start(hash);
        while (_entries[at].Hash != 0)
            at = (at + 1) & (_entries.Length - 1);
        _entries[at] = new Entry
        {
            Hash = hash,
            Characters = _characterCount,
            Ids = _idCount,
            Length = (ushort)word.Length,
            IdCount = (ushort)ids.Length,
        };
        _characterCount += word.Length;
        _idCount += ids.Length;
        _words++;
    }

    private static int Start(uint hash) => (int)(hash >> (32 - Bits));

    private static ulong Mix(ulong value)
    {
        value *= 0xD6E8_FEB8_6659_FD93;
        return value ^ (value >> 32);
    }
}
