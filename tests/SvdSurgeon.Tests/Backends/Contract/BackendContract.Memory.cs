using NUnit.Framework;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Backends.Contract;

internal abstract partial class BackendContract
{
    [Test]
    public void What_is_uploaded_comes_back()
    {
        float[] values = [1, float.MinValue, float.Epsilon, -0f, float.PositiveInfinity, 7];
        using var x = Tensor(2, 3, values);
        Assert.That(Values(x), Is.EqualTo(values));
    }

    [Test]
    public void A_row_range_is_a_view_of_its_tensor()
    {
        using var x = Tensor(4, 5, Numbers(1, 20));
        var rows = x.RowRange(1, 2);
        Backend.Fill(rows, 3);
        using (rows) { } // disposing a view does nothing
        var expected = Numbers(1, 20);
        expected.AsSpan(5, 10).Fill(3);
        Assert.That(Values(x), Is.EqualTo(expected));
        Assert.That(Values(x.Reshape(10, 2)), Is.EqualTo(expected));
        Assert.That(() => x.RowRange(3, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => x.Reshape(3, 5), Throws.ArgumentException);
    }

    [Test]
    public void Copy_add_and_multiply_work_element_by_element()
    {
        float[] a = Numbers(1, 33),
            b = Numbers(2, 33);
        using var x = Tensor(3, 11, a);
        using var y = Tensor(3, 11, b);
        Backend.AddScaled(x, -0.5f, y);
        AssertClose(Values(y), [.. a.Zip(b, (u, v) => v - 0.5 * u)]);
        Backend.Multiply(x, y, y);
        AssertClose(Values(y), [.. a.Zip(b, (u, v) => (v - 0.5 * u) * u)]);
        Backend.Copy(x, y);
        Assert.That(Values(y), Is.EqualTo(a));
    }

    [Test]
    public void Freed_memory_is_not_handed_out_while_its_tensor_lives()
    {
        using var kept = Tensor(4, 16, Numbers(1, 64));
        for (int i = 0; i < 8; i++)
        {
            using var other = Backend.Allocate(4, 16);
            Backend.Fill(other, i);
        }
        Assert.That(Values(kept), Is.EqualTo(Numbers(1, 64)));
    }

    [TestCase(DType.F32), TestCase(DType.F64), TestCase(DType.F16), TestCase(DType.BF16)]
    public void Embedding_gathers_widened_rows(DType type)
    {
        var table = Stored(9, 6, Numbers(3, 54), type);
        using var y = Backend.Allocate(4, 6);
        Backend.Embed([8, 0, 3, 3], table, y);
        float[] all = table.ToSingles();
        Assert.That(Values(y), Is.EqualTo(all[48..54].Concat(all[0..6]).Concat(all[18..24]).Concat(all[18..24])));
    }

    [
        TestCase(DType.Q8_0),
        TestCase(DType.Q4_0),
        TestCase(DType.Q4_1),
        TestCase(DType.Q5_0),
        TestCase(DType.Q5_1),
        TestCase(DType.Q2_K),
        TestCase(DType.Q3_K),
        TestCase(DType.Q4_K),
        TestCase(DType.Q5_K),
        TestCase(DType.Q6_K),
        TestCase(DType.IQ4_NL),
        TestCase(DType.IQ4_XS)
    ]
    public void Embedding_reads_every_block_type(DType type)
    {
        var table = Blocks(type, 2);
        using var y = Backend.Allocate(2, 512);
        Backend.Embed([1, 0], table, y);
        float[] all = table.ToSingles();
        AssertClose(Values(y), [.. all[512..].Concat(all[..512]).Select(v => (double)v)], type.ToString(), 1e-6);
    }

    [Test]
    public void Positions_are_added_by_place_in_the_sequence()
    {
        var table = Stored(10, 5, Numbers(4, 50), DType.F16);
        float[] wide = table.ToSingles(),
            x = Numbers(5, 30);
        using var y = Tensor(6, 5, x);
        Backend.AddPositions(table, 2, 3, y);
        AssertClose(Values(y), [.. x.Select((v, i) => (double)v + wide[(2 + i / 5 % 3) * 5 + i % 5])]);
    }

    [Test]
    public void Columns_are_gathered_and_scattered()
    {
        float[] values = Numbers(6, 21),
            start = Numbers(7, 21);
        int[] indices = [5, 0, 3];
        using var x = Tensor(3, 7, values);
        using var narrow = Backend.Allocate(3, 3);
        Backend.GatherColumns(x, indices, narrow);
        Assert.That(Values(narrow), Is.EqualTo(Enumerable.Range(0, 9).Select(i => values[i / 3 * 7 + indices[i % 3]])));
        foreach (bool accumulate in new[] { false, true })
        {
            using var y = Tensor(3, 7, start);
            Backend.ScatterColumns(narrow, indices, y, accumulate);
            var expected = Doubles(start);
            for (int t = 0; t < 3; t++)
                foreach (int j in indices)
                    expected[t * 7 + j] = (accumulate ? start[t * 7 + j] : 0) + (double)values[t * 7 + j];
            AssertClose(Values(y), expected);
        }
    }

    // Random blocks with scales that are ordinary numbers: every two bytes that may be a scale get an fp16 exponent in the middle.
    private static StoredTensor Blocks(DType type, int rows)
    {
        const int columns = 512;
        var bytes = GC.AllocateArray<byte>((int)type.ByteCount(rows * columns), pinned: true);
        new Random(11).NextBytes(bytes);
        var (_, size) = type.Block();
        int[] scales = type switch
        {
            DType.Q4_1 or DType.Q5_1 or DType.Q4_K or DType.Q5_K => [0, 2],
            DType.Q2_K => [80, 82],
            DType.Q3_K => [108],
            DType.Q6_K => [208],
            _ => [0],
        };
        for (int block = 0; block < bytes.Length; block += size)
            foreach (int at in scales)
                bytes[block + at + 1] = (byte)(0x2C | bytes[block + at + 1] & 0x83);
        return StoredTensor.FromBytes("blocks", type, [rows, columns], bytes);
    }
}
