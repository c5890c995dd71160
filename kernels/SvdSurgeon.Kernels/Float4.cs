using System.Runtime.CompilerServices;

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
