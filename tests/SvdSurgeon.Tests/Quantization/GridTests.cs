using NUnit.Framework;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Quantization;

/// <summary>Integers on a grid and the layouts that hold them.</summary>
[TestFixture]
public sealed class GridTests
{
    [Test]
    public void Packed_integers_stand_where_the_layout_says([Range(2, 8)] int bits, [Values(8, 40, 96)] int columns)
    {
        var matrix = Random(new IntegerGrid(bits, 8), 5, columns, seed: bits);
        uint[] packed = new IntegerMatrix(5, columns, bits, 8, matrix.Codes, matrix.Scales).Packed();
        Assert.That(packed, Has.Length.EqualTo(5 * ((columns * bits + 31) / 32)));
        // Element i stands at bit i·b of its row, lowest bit first, as q + 2^(b−1).
        for (int j = 0; j < columns; j++)
        {
            int value = 0;
            for (int bit = 0; bit < bits; bit++)
                value |= (int)((packed[(j * bits + bit) / 32] >> ((j * bits + bit) % 32)) & 1) << bit;
            Assert.That(value - (1 << (bits - 1)), Is.EqualTo(matrix.Codes[j]));
        }
    }

    [Test]
    public void Blocks_hold_exactly_what_the_grid_says([Range(2, 8)] int bits, [Values(8, 16, 32)] int group)
    {
        var matrix = Random(new IntegerGrid(bits, group), 3, 64, seed: bits);
        var expected = new float[3 * 64];
        matrix.Dequantize(expected);
        var stored = GgufBlocks.Store("w", matrix);
        Assert.That(stored.ToSingles(), Is.EqualTo(expected));
        var other = Random(matrix.Grid, 3, 64, seed: 99);
        GgufBlocks.Overwrite(stored, other);
        other.Dequantize(expected);
        Assert.That(stored.ToSingles(), Is.EqualTo(expected));
    }

    [TestCase(576, 32), TestCase(1536, 32), TestCase(48, 16), TestCase(24, 8), TestCase(30, null)]
    public void Rows_get_the_longest_group_that_divides_them(int columns, int? group) =>
        Assert.That(IntegerGrid.GroupFor(columns), Is.EqualTo(group));

    [Test]
    public void A_matrix_comes_back_from_its_three_tensors()
    {
        var matrix = Random(new IntegerGrid(3, 32), 4, 96, seed: 1);
        var tensors = new Dictionary<string, StoredTensor>();
        foreach (var entry in GridEntries.Of("m.weight", matrix))
        {
            using var bytes = new MemoryStream();
            entry.WriteTo(bytes);
            byte[] pinned = GC.AllocateArray<byte>((int)bytes.Length, pinned: true);
            bytes.ToArray().CopyTo(pinned, 0);
            tensors[entry.Name] = StoredTensor.FromBytes(entry.Name, entry.Type, [.. entry.Shape], pinned);
        }
        var read = GridEntries.Read(tensors, "m.weight", matrix.Grid);
        Assert.That(read.Codes, Is.EqualTo(matrix.Codes));
        Assert.That(read.Scales, Is.EqualTo(matrix.Scales));
        long bytesOfAll = tensors.Values.Sum(tensor => tensor.ByteLength);
        Assert.That(bytesOfAll, Is.EqualTo(matrix.Bytes));
        Assert.That(
            () => GridEntries.Read(tensors, "m.weight", new IntegerGrid(4, 32)),
            Throws.TypeOf<InvalidModelException>().With.Message.Contains("m.weight")
        );
    }

    internal static QuantizedMatrix Random(IntegerGrid grid, int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var matrix = new QuantizedMatrix(grid, rows, columns);
        for (int i = 0; i < matrix.Codes.Length; i++)
            matrix.Codes[i] = (sbyte)random.Next(grid.Least, grid.Most + 1);
        for (int g = 0; g < matrix.Scales.Length; g++)
            matrix.Scales[g] = (Half)(random.NextDouble() - 0.5);
        return matrix;
    }
}
