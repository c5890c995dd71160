using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>Four neighbouring numbers; loads and stores of it become one 16-byte instruction.</summary>
public struct Float4
{
    /// <summary>First number.</summary>
    public float X;

    /// <summary>Second number.</summary>
    public float Y;

    /// <summary>Third number.</summary>
    public float Z;

    /// <summary>Fourth number.</summary>
    public float W;

    /// <summary>Four numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4(float x, float y, float z, float w)
    {
        X = x;
        Y = y;
        Z = z;
        W = w;
    }

    /// <summary>this + a·b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Float4 Fma(float a, Float4 b) => new(X + a * b.X, Y + a * b.Y, Z + a * b.Z, W + a * b.W);

    /// <summary>a·this.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Float4 Times(float a) => new(a * X, a * Y, a * Z, a * W);
}

/// <summary>A 4 × 4 tile in registers; kernels have no arrays that stay in registers.</summary>
internal struct Tile4
{
    public Float4 R0,
        R1,
        R2,
        R3;

    /// <summary>this + a bᵀ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Tile4 AddOuter(Float4 a, Float4 b) =>
        new()
        {
            R0 = R0.Fma(a.X, b),
            R1 = R1.Fma(a.Y, b),
            R2 = R2.Fma(a.Z, b),
            R3 = R3.Fma(a.W, b),
        };

    /// <summary>Row i times the i-th of the factors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Tile4 ScaleRows(Float4 f) =>
        new()
        {
            R0 = R0.Times(f.X),
            R1 = R1.Times(f.Y),
            R2 = R2.Times(f.Z),
            R3 = R3.Times(f.W),
        };
}

/// <summary>
/// Tiles in shared memory, K-major: number (k, i) of a tile stands at k·<see cref="Stride"/> + i, so that four neighbouring i are one 16-byte load and
/// the threads of a warp, which differ in i, hit different banks.
/// </summary>
internal static class SharedTile
{
    /// <summary>Most rows or columns of a tile: 4 a thread, 16 threads an axis.</summary>
    public const int Size = 64;

    /// <summary>Numbers from one k to the next: 64 and 4 more, which keeps 16-byte alignment and spreads transposing stores over the banks.</summary>
    public const int Stride = 68;

    /// <summary>Depth of a chunk of k.</summary>
    public const int Depth = 32;

    /// <summary>Four numbers (k, i…i+3), i a multiple of 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Load4(ArrayView<Float4> tile, int k, int i) => tile[k * (Stride / 4) + i / 4];
}
