namespace SvdSurgeon.LinearAlgebra;

/// <summary>Which side of the unknown the triangular matrix stands on.</summary>
internal enum Side
{
    /// <summary>op(L) X = B.</summary>
    Left,

    /// <summary>X op(L) = B.</summary>
    Right,
}
