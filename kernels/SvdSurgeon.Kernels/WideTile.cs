namespace SvdSurgeon.Kernels;

/// <summary>4 rows by 8 columns in registers: columns 4x…4x+3 of each of two neighbouring blocks of 4·Group.DimX columns.</summary>
internal struct WideTile
{
    public Tile4 Left,
        Right;
}
