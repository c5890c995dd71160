using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// Tiles in shared memory, K-major: number (k, i) of a tile stands at k·<see cref="Stride"/> + i, so that four neighbouring i are one
/// 16-byte load and the threads of a warp, which differ in i, hit different banks.
/// </summary>
internal static class SharedTile
{
    /// <summary>Most rows or columns of a tile: 4 per thread, 16 threads per axis.</summary>
    public const int Size = 64;

    /// <summary>
    /// Numbers from one k to the next: 64 and 4 more, which keeps 16-byte alignment and spreads transposing stores over the banks.
    /// </summary>
    public const int Stride = 68;

    /// <summary>Depth of a chunk of k.</summary>
    public const int Depth = 32;

    /// <summary>Four numbers (k, i…i+3), i a multiple of 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Load4(ArrayView<Float4> tile, int k, int i) => tile[k * (Stride / 4) + i / 4];
}
