namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// The order in which the tiles of a block of the output are computed: strips of rows are grouped so that each thread's share of the tiles
/// is a group, whose panels of a it packed itself and whose rows it reads and writes in the operations before and after; within a group
/// the tiles run down the rows first, so that a strip of b's panels serves one after the other.
/// </summary>
internal sealed class TileOrder(int tileRows, int tileColumns, int threads)
{
    private (int Top, int Left)[] _tiles = [];
    private (int Rows, int Columns, int? Diagonal)? _arranged;
    private int _count;

    public (int Top, int Left) this[int item] => _tiles[item];

    /// <summary>
    /// Arranges the tiles of a block and returns their number. With <paramref name="diagonal"/>, by how much the block's first row lies
    /// below its first column in a square output, only tiles that touch the lower triangle count.
    /// </summary>
    public int Arrange(int rows, int columns, int? diagonal)
    {
        if (_arranged == (rows, columns, diagonal))
            return _count;
        _arranged = (rows, columns, diagonal);
        int down = (rows + tileRows - 1) / tileRows,
            across = (columns + tileColumns - 1) / tileColumns;
        int[] width = new int[down];
        int all = 0;
        for (int r = 0; r < down; r++)
        {
            int seen = diagonal is null ? columns : Math.Clamp(diagonal.Value + Math.Min(rows, (r + 1) * tileRows), 0, columns);
            all += width[r] = (seen + tileColumns - 1) / tileColumns;
        }
        if (_tiles.Length < all)
            _tiles = new (int, int)[all];
        _count = 0;
        for (int first = 0, group = 1; first < down; group++)
        {
            // A group ends where the tiles so far make up its share; one strip at least.
            int end = first,
                tiles = _count;
            while (end < down && (end == first || tiles + width[end] / 2 < (long)all * group / threads))
                tiles += width[end++];
            for (int c = 0; c < across; c++)
            for (int r = first; r < end; r++)
                if (c < width[r])
                    _tiles[_count++] = (r * tileRows, c * tileColumns);
            first = end;
        }
        return _count;
    }
}
