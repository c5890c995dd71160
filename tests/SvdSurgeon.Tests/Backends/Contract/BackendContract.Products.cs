using NUnit.Framework;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Backends.Contract;

internal abstract partial class BackendContract
{
    [Test]
    public void Products_match_with_every_transpose([Values] bool transposeA, [Values] bool transposeB, [Values] bool accumulate)
    {
        const int m = 7,
            n = 5,
            k = 11;
        float[] a = Numbers(1, m * k),
            b = Numbers(2, k * n),
            start = Numbers(3, m * n);
        using var ta = Tensor(transposeA ? k : m, transposeA ? m : k, a);
        using var tb = Tensor(transposeB ? n : k, transposeB ? k : n, b);
        using var c = Tensor(m, n, start);
        Backend.MatMul(ta, transposeA, tb, transposeB, c, accumulate);
        AssertClose(Values(c), Product(a, transposeA, b, transposeB, m, n, k, accumulate ? start : null));
    }

    [Test]
    public void Linear_layers_match_for_every_storage_type(
        [Values(DType.F32, DType.F16, DType.BF16, DType.F64)] DType type,
        [Values] bool bias,
        [Values] bool accumulate
    )
    {
        const int tokens = 3,
            input = 9,
            output = 6;
        float[] x = Numbers(1, tokens * input),
            start = Numbers(2, tokens * output),
            b = Numbers(4, output);
        var weight = Stored(output, input, Numbers(3, output * input), type);
        using var tx = Tensor(tokens, input, x);
        using var y = Tensor(tokens, output, start);
        Backend.Linear(tx, weight, bias ? Stored(1, output, b) : null, y, accumulate);
        var expected = Product(x, false, weight.ToSingles(), true, tokens, output, input, accumulate ? start : null);
        if (bias)
            for (int i = 0; i < expected.Length; i++)
                expected[i] += b[i % output];
        AssertClose(Values(y), expected);
    }

    [Test]
    public void Linear_backward_is_the_product_with_the_weight([Values(DType.F32, DType.BF16)] DType type, [Values] bool accumulate)
    {
        const int tokens = 4,
            input = 5,
            output = 7;
        float[] dy = Numbers(1, tokens * output),
            start = Numbers(2, tokens * input);
        var weight = Stored(output, input, Numbers(3, output * input), type);
        using var tdy = Tensor(tokens, output, dy);
        using var dx = Tensor(tokens, input, start);
        Backend.LinearBackward(tdy, weight, dx, accumulate);
        AssertClose(Values(dx), Product(dy, false, weight.ToSingles(), false, tokens, input, output, accumulate ? start : null));
    }

    [TestCase(DType.Q4_1), TestCase(DType.Q6_K)]
    public void Linear_layers_take_GGUF_blocks(DType type)
    {
        var weight = Blocks(type, 3);
        float[] x = Numbers(1, 2 * 512);
        using var tx = Tensor(2, 512, x);
        using var y = Backend.Allocate(2, 3);
        Backend.Linear(tx, weight, null, y);
        AssertClose(Values(y), Product(x, false, weight.ToSingles(), true, 2, 3, 512));
    }

    [Test]
    public void Linear_layers_and_embeddings_take_packed_integers([Values(3, 4)] int bits, [Values(96, 40)] int columns)
    {
        const int rows = 5;
        int groups = (columns + 31) / 32;
        var matrix = new IntegerMatrix(
            rows,
            columns,
            bits,
            32,
            [.. Numbers(1, rows * columns).Select(x => (sbyte)Math.Clamp(3 * x, -4, 3))],
            [.. Numbers(2, rows * groups).Select(x => (Half)x)]
        );
        var weight = matrix.ToStored("packed");
        float[] x = Numbers(3, 2 * columns);
        using var tx = Tensor(2, columns, x);
        using var y = Backend.Allocate(2, rows);
        Backend.Linear(tx, weight, null, y);
        AssertClose(Values(y), Product(x, false, weight.ToSingles(), true, 2, rows, columns));
        using var embedded = Backend.Allocate(2, columns);
        Backend.Embed([4, 1], weight, embedded);
        float[] table = weight.ToSingles();
        Assert.That(Values(embedded), Is.EqualTo((float[])[.. table[(4 * columns)..], .. table[columns..(2 * columns)]]));
    }

    [Test]
    public void Permuted_rows_are_read_in_logical_order()
    {
        float[] stored = Numbers(3, 24),
            x = Numbers(1, 12);
        int[] order = [2, 0, 3, 1];
        var plain = Stored(4, 6, stored);
        var weight = new StoredTensor("permuted", DType.F32, [4, 6], plain.Address, plain, "memory", order);
        using var tx = Tensor(2, 6, x);
        using var y = Backend.Allocate(2, 4);
        Backend.Linear(tx, weight, null, y);
        float[] logical = [.. order.SelectMany(row => stored[(row * 6)..(row * 6 + 6)])];
        AssertClose(Values(y), Product(x, false, logical, true, 2, 4, 6));
    }

    [TestCase(6, 5), TestCase(70, 20), TestCase(9, 260)]
    public void A_gram_matrix_is_the_sum_over_blocks_of_rows(int rows, int n)
    {
        using var gram = Backend.CreateGram(n);
        var expected = new double[n * n];
        for (int block = 0; block < 2; block++)
        {
            float[] x = Numbers(block, rows * n);
            using var tx = Tensor(rows, n, x);
            gram.Add(tx);
            var part = Product(x, true, x, false, n, n, rows);
            for (int i = 0; i < part.Length; i++)
                expected[i] += part[i];
        }
        var h = gram.ToMatrix();
        AssertClose(h.ToSingles(), expected);
        Assert.That(h.Data, Is.EqualTo(h.Transpose().Data));
    }

    [TestCase(1, 4, 3), TestCase(2, 7, 20), TestCase(3, 130, 5)]
    public void Column_dot_sums_the_products_of_each_sequence(int sequences, int tokens, int k)
    {
        float[] p = Numbers(1, sequences * tokens * k),
            q = Numbers(2, sequences * tokens * k);
        using var tp = Tensor(sequences * tokens, k, p);
        using var tq = Tensor(sequences * tokens, k, q);
        using var g = Backend.Allocate(sequences, k);
        Backend.ColumnDot(tp, tq, g);
        var expected = new double[sequences * k];
        for (int i = 0; i < p.Length; i++)
            expected[i / (tokens * k) * k + i % k] += (double)p[i] * q[i];
        AssertClose(Values(g), expected);
    }

    [TestCase(false), TestCase(true)]
    public void Column_sums_are_added(bool absolute)
    {
        float[] x = Numbers(1, 150 * 6);
        using var tx = Tensor(150, 6, x);
        double[] sums = [100, 0, 0, 0, 0, -100];
        Backend.AddColumnSums(tx, absolute, sums);
        double[] expected = [100, 0, 0, 0, 0, -100];
        for (int i = 0; i < x.Length; i++)
            expected[i % 6] += absolute ? Math.Abs(x[i]) : x[i];
        for (int j = 0; j < 6; j++)
            Assert.That(sums[j], Is.EqualTo(expected[j]).Within(1e-4));
    }

    [TestCase(5, 5), TestCase(9, 4), TestCase(4, 9), TestCase(40, 37), TestCase(70, 33)]
    public void Decompositions_rebuild_their_matrix(int rows, int columns)
    {
        const double tolerance = 1e-10; // float64
        var algebra = Backend.LinearAlgebra;
        var a = new Matrix(rows, columns, RandomNumbers.Doubles(1, rows * columns));
        var (u, sigma, vt) = algebra.Svd(a);
        int r = Math.Min(rows, columns);
        Assert.That((u.Rows, u.Columns, sigma.Length, vt.Rows, vt.Columns), Is.EqualTo((rows, r, r, r, columns)));
        Assert.That(sigma, Is.Ordered.Descending);
        var us = u.Clone();
        for (int i = 0; i < rows; i++)
        for (int j = 0; j < r; j++)
            us[i, j] *= sigma[j];
        AssertEqual(algebra.Multiply(us, vt), a, tolerance);
        AssertEqual(algebra.Multiply(u, u, transposeA: true), Matrix.Identity(r), tolerance);
        AssertEqual(algebra.Multiply(vt, vt, transposeB: true), Matrix.Identity(r), tolerance);
        Assert.That(
            algebra.TruncationError(a, r / 2),
            Is.EqualTo(Math.Sqrt(sigma.Skip(r / 2).Sum(s => s * s))).Within(tolerance * sigma[0])
        );

        var gram = algebra.Multiply(a, a, transposeB: true);
        var (values, vectors) = algebra.SymmetricEigen(gram);
        Assert.That(values, Is.Ordered.Descending);
        var scaled = vectors.Clone();
        for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++)
            scaled[i, j] *= values[j];
        AssertEqual(algebra.Multiply(scaled, vectors, transposeB: true), gram, tolerance * 100);
    }

    [Test]
    public void Triangles_are_factored_and_solved([Values] Side side, [Values] bool transpose)
    {
        const int n = 12;
        var algebra = Backend.LinearAlgebra;
        var x = new Matrix(n, n + 5, RandomNumbers.Doubles(2, n * (n + 5)));
        var gram = algebra.Multiply(x, x, transposeB: true);
        Assert.That(algebra.TryCholesky(gram, out var lower), Is.True);
        AssertEqual(algebra.Multiply(lower, lower, transposeB: true), gram, 1e-10);
        for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            Assert.That(lower[i, j], Is.Zero);
        var b = side == Side.Left ? new Matrix(n, 3, RandomNumbers.Doubles(3, n * 3)) : new Matrix(3, n, RandomNumbers.Doubles(3, n * 3));
        var before = b.Clone();
        var solved = algebra.SolveTriangular(lower, b, side, transpose);
        Assert.That(b.Data, Is.EqualTo(before.Data));
        AssertEqual(
            side == Side.Left
                ? algebra.Multiply(lower, solved, transposeA: transpose)
                : algebra.Multiply(solved, lower, transposeB: transpose),
            b,
            1e-9
        );
    }

    [Test]
    public void A_sum_over_nothing_is_zero_and_nothing_has_decompositions()
    {
        var algebra = Backend.LinearAlgebra;
        Assert.That(algebra.Multiply(new Matrix(3, 0), new Matrix(0, 2)).Data, Is.EqualTo(new double[6]));
        Assert.That(algebra.SolveTriangular(Matrix.Identity(3), new Matrix(3, 0), Side.Left, false).Columns, Is.Zero);
        Assert.That(algebra.TryCholesky(new Matrix(0, 0), out var lower), Is.True);
        Assert.That(lower.Rows, Is.Zero);
        using var x = Random(4, 3, 1);
        using var none = Backend.Allocate(4, 0);
        using var c = Random(4, 4, 2);
        Backend.GatherColumns(x, [], none);
        Backend.ScatterColumns(none, [], x, accumulate: true);
        AssertClose(Values(x), Doubles(Numbers(1, 12)));
        Backend.MatMul(none, false, none, true, c, accumulate: true);
        AssertClose(Values(c), Doubles(Numbers(2, 16)));
        Backend.MatMul(none, false, none, true, c);
        Assert.That(Values(c), Is.All.Zero);
    }

    [Test]
    public void A_matrix_that_is_not_positive_definite_has_no_Cholesky_factor()
    {
        var a = Matrix.Identity(4);
        a[2, 2] = -1;
        Assert.That(Backend.LinearAlgebra.TryCholesky(a, out _), Is.False);
    }

    private static void AssertEqual(Matrix actual, Matrix expected, double tolerance)
    {
        double largest = expected.Data.Max(Math.Abs),
            worst = 0;
        for (int i = 0; i < expected.Data.Length; i++)
        {
            double error = Math.Abs(actual.Data[i] - expected.Data[i]);
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }
        Assert.That(worst, Is.LessThanOrEqualTo(tolerance * largest));
    }
}
