using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>Rows of one head of one sequence inside a [B·T, heads·d] matrix.</summary>
internal struct HeadRows
{
    public ArrayView<float> Data;

    /// <summary>Where row 0 starts.</summary>
    public long Start;

    /// <summary>From one row to the next.</summary>
    public int Stride;

    /// <summary>Rows of the sequence.</summary>
    public int Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public HeadRows(ArrayView<float> data, int sequence, int count, int heads, int head, int headDim)
    {
        Data = data;
        Stride = heads * headDim;
        Start = (long)sequence * count * Stride + head * headDim;
        Count = count;
    }

    /// <summary>Number (row, column), 0 outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float At(int row, int column, int headDim) =>
        row < Count && column < headDim ? Data[Start + (long)row * Stride + column] : 0f;
}
