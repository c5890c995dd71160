namespace SvdSurgeon.LinearAlgebra;

/// <summary>Which side of the unknown the triangular matrix stands on.</summary>
public enum Side
{
    /// <summary>op(L) X = B.</summary>
    Left,

    /// <summary>X op(L) = B.</summary>
    Right,
}
