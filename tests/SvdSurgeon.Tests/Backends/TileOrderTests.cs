using NUnit.Framework;
using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.Tests.Backends;

public sealed class TileOrderTests
{
    private const int TileRows = 48,
        TileColumns = 256;

    [Test, Combinatorial]
    public void Every_tile_comes_once([Values(1, 2, 5, 64)] int threads, [Values(1, 48, 700)] int rows, [Values(1, 256, 1000)] int columns)
    {
        var tiles = Arranged(threads, rows, columns, null);
        var all = from top in Steps(rows, TileRows) from left in Steps(columns, TileColumns) select (top, left);
        Assert.That(tiles, Is.EquivalentTo(all));
    }

    [Test, Combinatorial]
    public void Of_a_lower_triangle_the_tiles_that_touch_it_come_once(
        [Values(1, 2, 5)] int threads,
        [Values(-700, -100, 0, 300)] int diagonal
    )
    {
        const int rows = 700,
            columns = 1000;
        var tiles = Arranged(threads, rows, columns, diagonal);
        var touching =
            from top in Steps(rows, TileRows)
            from left in Steps(columns, TileColumns)
            where left < diagonal + Math.Min(rows, top + TileRows)
            select (top, left);
        Assert.That(tiles, Is.EquivalentTo(touching));
    }

    [TestCase(2, null), TestCase(3, null), TestCase(2, 0), TestCase(3, 0)]
    public void A_threads_share_is_its_own_rows(int threads, int? diagonal)
    {
        const int size = 4800;
        var tiles = Arranged(threads, size, size, diagonal);
        int Share(int item) => (int)(((item + 1L) * threads - 1) / tiles.Count);
        // Of every strip of rows, the tiles that are not its main thread's.
        int strange = tiles
            .Select((tile, item) => (tile.Top, Share: Share(item)))
            .GroupBy(tile => tile.Top)
            .Sum(strip => strip.Count() - strip.GroupBy(tile => tile.Share).Max(share => share.Count()));
        Assert.That(strange, Is.LessThan(tiles.Count / 50));
    }

    private static List<(int Top, int Left)> Arranged(int threads, int rows, int columns, int? diagonal)
    {
        var order = new TileOrder(TileRows, TileColumns, threads);
        int count = order.Arrange(rows, columns, diagonal);
        return [.. Enumerable.Range(0, count).Select(i => order[i])];
    }

    private static IEnumerable<int> Steps(int length, int step) => Enumerable.Range(0, (length + step - 1) / step).Select(i => i * step);
}
