using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// A matrix of Q4_0 blocks with eight rows side by side, so that eight outputs are computed in the lanes of a vector and nothing is summed
/// across lanes. Per eight rows: for every block 128 bytes, four bytes of each row in turn; then for every block the eight fp16 scales.
/// As many bytes as the file has.
/// </summary>
internal sealed unsafe class InterleavedNibbles
{
    /// <summary>Rows side by side.</summary>
    public const int Rows = 8;

    /// <summary>Bytes of a block's integers in eight rows.</summary>
    public const int BlockBytes = Rows * RowBytes;

    private const int RowBytes = 16,
        ScaleBytes = 2,
        Alignment = 64;

    private readonly byte[] _memory;
    private readonly nint _first;
    private readonly nint _groupBytes;

    /// <summary>Rearranges the matrix; rows missing from the last eight are zeros.</summary>
    /// <param name="team">Threads.</param>
    /// <param name="weight">Q4_0, m × n, n a multiple of 32.</param>
    public InterleavedNibbles(ThreadTeam team, StoredTensor weight)
    {
        Blocks = weight.Columns / ByteActivations.Block;
        Groups = (weight.Rows + Rows - 1) / Rows;
        _groupBytes = (nint)Blocks * Rows * (RowBytes + ScaleBytes);
        _memory = GC.AllocateArray<byte>(checked((int)(Groups * _groupBytes + Alignment)), pinned: true);
        _first = ((nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory)) + Alignment - 1) & -Alignment;
        team.Run(Groups, group => Rearrange(weight, group));
    }

    /// <summary>Blocks per row.</summary>
    public int Blocks { get; }

    /// <summary>Eight rows each.</summary>
    public int Groups { get; }

    /// <summary>The integers of eight rows, block after block: byte 4·r + j of the k-th 32 bytes holds columns 4·k + j (low half) and
    /// 16 + 4·k + j of row r.</summary>
    public byte* Integers(int group) => (byte*)_first + group * _groupBytes;

    /// <summary>The scales of eight rows, block after block.</summary>
    public short* Scales(int group) => (short*)(Integers(group) + (nint)Blocks * BlockBytes);

    private void Rearrange(StoredTensor weight, int group)
    {
        var integers = (uint*)Integers(group);
        short* scales = Scales(group);
        for (int r = 0; r < Math.Min(Rows, weight.Rows - group * Rows); r++)
        {
            var block = (byte*)weight.RowAddress(group * Rows + r);
            for (int b = 0; b < Blocks; b++, block += ScaleBytes + RowBytes)
            {
                scales[b * Rows + r] = *(short*)block;
                for (int k = 0; k < RowBytes / sizeof(uint); k++)
                    integers[(b * (RowBytes / sizeof(uint)) + k) * Rows + r] = *(uint*)(block + ScaleBytes + k * sizeof(uint));
            }
        }
    }
}
