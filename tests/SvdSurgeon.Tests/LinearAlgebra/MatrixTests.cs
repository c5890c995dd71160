using NUnit.Framework;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Tests.LinearAlgebra;

public sealed class MatrixTests
{
    // Around the blocks of 32 and the vectors of four that it is made in.
    [TestCase(0, 3), TestCase(1, 1), TestCase(1, 70), TestCase(70, 1), TestCase(3, 5), TestCase(4, 32), TestCase(33, 66), TestCase(97, 31)]
    public void The_transpose_has_every_number_in_its_place(int rows, int columns)
    {
        var a = new Matrix(rows, columns, [.. Enumerable.Range(0, rows * columns).Select(i => (double)i)]);
        var t = a.Transpose();
        Assert.That((t.Rows, t.Columns), Is.EqualTo((columns, rows)));
        for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            Assert.That(t[j, i], Is.EqualTo(a[i, j]));
    }
}
