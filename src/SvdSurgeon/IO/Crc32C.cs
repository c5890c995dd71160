using System.Numerics;
using System.Runtime.InteropServices;

namespace SvdSurgeon.IO;

/// <summary>
/// The cyclic redundancy check of Castagnoli's polynomial (RFC 3720, appendix B.4), which processors have an instruction for: several
/// gigabytes per second. It finds every change of up to 32 neighbouring bits, and any other but one in 2³².
/// </summary>
internal struct Crc32C()
{
    private uint _state = uint.MaxValue;

    /// <summary>The check of all bytes so far.</summary>
    public readonly uint Value => ~_state;

    /// <summary>Takes in bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        uint state = _state;
        foreach (ulong word in words)
            state = BitOperations.Crc32C(state, word);
        foreach (byte rest in bytes[(words.Length * sizeof(ulong))..])
            state = BitOperations.Crc32C(state, rest);
        _state = state;
    }
}
