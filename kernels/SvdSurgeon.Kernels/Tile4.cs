using System.Runtime.CompilerServices;

namespace SvdSurgeon.Kernels;

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
