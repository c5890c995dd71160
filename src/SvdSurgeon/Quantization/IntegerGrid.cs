using SvdSurgeon.Tensors;

namespace SvdSurgeon.Quantization;

/// <summary>
/// A grid of evenly spaced values with zero among them: value = scale · q with q from −2^(bits−1) to 2^(bits−1) − 1 and one fp16 scale, of
/// either sign, for every <paramref name="Group"/> consecutive numbers of a row. A negative scale puts the longer end of the integers on
/// the positive side.
/// </summary>
/// <param name="Bits">Bits of one number, 2 to 8.</param>
/// <param name="Group">Numbers that share a scale; divides the row.</param>
internal readonly record struct IntegerGrid(int Bits, int Group)
{
    /// <summary>Fewest bits of a number.</summary>
    public const int FewestBits = 2;

    /// <summary>Most bits of a number.</summary>
    public const int MostBits = 8;

    /// <summary>
    /// The group of most modules: that of llama.cpp's blocks. Shorter ones pay for themselves in models of this size (METHODS.md, 10, (7)).
    /// </summary>
    public const int UsualGroup = 32;

    private const int ShortestGroup = 8;

    /// <summary>Smallest integer.</summary>
    public int Least => -(1 << (Bits - 1));

    /// <summary>Largest integer.</summary>
    public int Most => (1 << (Bits - 1)) - 1;

    /// <summary>Bytes of a matrix on this grid: packed integers, scales and the two numbers of its shape.</summary>
    public long Bytes(int rows, int columns) =>
        (long)rows * (IntegerGroups.Words(columns, Bits) * sizeof(int) + columns / Group * 2) + 2 * sizeof(long);

    /// <summary>
    /// The group for rows of <paramref name="columns"/> numbers: 32, or a shorter power of two that divides them; null where 8 does not.
    /// </summary>
    public static int? GroupFor(int columns)
    {
        for (int group = UsualGroup; group >= ShortestGroup; group /= 2)
            if (columns % group == 0)
                return group;
        return null;
    }
}
