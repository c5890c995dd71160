using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// A matrix of Q4_0 blocks with eight rows side by side, so that eight outputs are computed in the lanes of a vector and nothing is summed
/// across lanes. A block of eight rows is their eight fp16 scales and then, four bytes of each row in turn, their integers: one stream
/// through memory, of as many bytes as the file has.
/// </summary>
internal sealed unsafe class InterleavedNibbles
{
    /// <summary>Rows side by side.</summary>
    public const int Rows = 8;

    /// <summary>Bytes of the scales, which come first.</summary>
    public const int ScaleBytes = Rows * sizeof(short);

    /// <summary>Bytes of a block in eight rows.</summary>
    public const int BlockBytes = ScaleBytes + Rows * RowBytes;

    private const int RowBytes = 16,
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
        _groupBytes = (nint)Blocks * BlockBytes;
        _memory = GC.AllocateArray<byte>(checked((int)(Groups * _groupBytes + Alignment)), pinned: true);
        _first = ((nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory)) + Alignment - 1) & -Alignment;
        team.Run(Groups, group => Rearrange(weight, group));
    }

    /// <summary>Blocks per row.</summary>
    public int Blocks { get; }

    /// <summary>Eight rows each.</summary>
    public int Groups { get; }

    /// <summary>
    /// The blocks of eight rows. Of the k-th 32 bytes of integers, byte 4·r + j holds columns 4·k + j (low half) and 16 + 4·k + j of row r.
    /// </summary>
    public byte* Group(int group) => (byte*)_first + group * _groupBytes;

    private void Rearrange(StoredTensor weight, int group)
    {
        for (int r = 0; r < Math.Min(Rows, weight.Rows - group * Rows); r++)
        {
            var from = (byte*)weight.RowAddress(group * Rows + r);
            byte* to = Group(group);
            for (int b = 0; b < Blocks; b++, from += sizeof(short) + RowBytes, to += BlockBytes)
            {
                ((short*)to)[r] = *(short*)from;
                for (int k = 0; k < RowBytes / sizeof(uint); k++)
                    ((uint*)(to + ScaleBytes))[k * Rows + r] = ((uint*)(from + sizeof(short)))[k];
            }
        }
    }
}
