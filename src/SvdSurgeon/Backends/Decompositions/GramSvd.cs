using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions.Eigen;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions;

/// <summary>
/// Singular value decomposition through the eigen-decomposition of the smaller Gram matrix. Squaring loses the small singular values,
/// so a pass settles only those within four decades of its largest; the rows that remain are rotated free of the settled ones and
/// decomposed again, at their own scale. Most matrices need one pass.
/// </summary>
internal sealed unsafe class GramSvd
{
    // Orthogonality of a pass is ε/Reach².
    private const double Reach = 1e-4,
        Epsilon = 2.2e-16;

    private readonly ThreadTeam _team;
    private readonly Matrix _left,
        _right;
    private readonly double[] _sigma;
    private int _settled;

    private GramSvd(ThreadTeam team, int m, int n)
    {
        _team = team;
        _left = new Matrix(m, m);
        _right = new Matrix(m, n);
        _sigma = new double[m];
    }

    /// <summary>The thin decomposition.</summary>
    public static SvdResult Decompose(ThreadTeam team, Matrix a)
    {
        if (a.Rows > a.Columns)
        {
            var (v, s, ut) = Decompose(team, a.Transpose());
            return new SvdResult(ut.Transpose(), s, v.Transpose());
        }
        double scale = a.Largest("singular value decomposition");
        var rows = a.Clone();
        // Squares must neither overflow nor vanish; a power of two changes no digit.
        double unit = scale == 0 ? 1 : Math.ScaleB(1, Math.ILogB(scale));
        for (int i = 0; i < rows.Data.Length; i++)
            rows.Data[i] /= unit;
        var svd = new GramSvd(team, a.Rows, a.Columns);
        svd.Settle(rows);
        return svd.Sorted(unit);
    }

    private void Settle(Matrix rest)
    {
        int m = _left.Rows,
            n = _right.Columns;
        Matrix? left = null;
        double noise = 0;
        for (var random = new Random(1); _settled < m; )
        {
            var qt = EigenRows(rest);
            rest = MatrixProducts.Multiply(_team, qt, rest);
            left = left is null ? qt : MatrixProducts.Multiply(_team, qt, left);
            var norms = new double[rest.Rows];
            for (int i = 0; i < norms.Length; i++)
                norms[i] = Norm(rest.Row(i));
            double largest = norms.Max();
            if (_settled == 0)
                noise = largest * Epsilon * (m + n);
            if (largest <= noise)
            {
                SettleZeros(left, random);
                return;
            }
            int count = 0;
            while (count < norms.Length && norms[count] >= Reach * largest)
                count++;
            for (int i = 0; i < count; i++)
                Commit(left.Row(i), norms[i], rest.Row(i), norms[i]);
            left = left.RowRange(count, left.Rows - count);
            rest = WithoutSettled(rest.RowRange(count, rest.Rows - count));
        }
    }

    // The right vectors of zero singular values are any that complete the set: random rows, made orthogonal by the same passes.
    private void SettleZeros(Matrix left, Random random)
    {
        while (left.Rows > 0)
        {
            var rows = new Matrix(left.Rows, _right.Columns);
            for (int i = 0; i < rows.Data.Length; i++)
                rows.Data[i] = random.NextDouble() - 0.5;
            rows = WithoutSettled(WithoutSettled(rows));
            rows = MatrixProducts.Multiply(_team, EigenRows(rows), rows);
            double largest = Norm(rows.Row(0));
            int count = 0;
            for (double norm; count < rows.Rows && (norm = Norm(rows.Row(count))) >= Reach * largest; count++)
                Commit(left.Row(count), 0, rows.Row(count), norm);
            left = left.RowRange(count, left.Rows - count);
        }
    }

    private void Commit(ReadOnlySpan<double> left, double sigma, ReadOnlySpan<double> right, double norm)
    {
        _sigma[_settled] = sigma;
        left.CopyTo(_left.Row(_settled));
        var to = _right.Row(_settled++);
        double inverse = 1 / norm;
        for (int j = 0; j < to.Length; j++)
            to[j] = right[j] * inverse;
    }

    private Matrix EigenRows(Matrix rows)
    {
        var gram = MatrixProducts.LowerGram(_team, rows);
        return SymmetricEigen.Decompose(_team, gram).Rows;
    }

    private Matrix WithoutSettled(Matrix rows)
    {
        if (rows.Rows == 0 || _settled == 0)
            return rows;
        var settled = new Matrix(_settled, _right.Columns, _right.Data.AsSpan(0, _settled * _right.Columns).ToArray());
        var shares = MatrixProducts.Multiply(_team, rows, settled, transposeB: true);
        MatrixProducts.AddProduct(_team, -1, shares, settled, rows);
        return rows;
    }

    private SvdResult Sorted(double unit)
    {
        int m = _sigma.Length;
        var order = new int[m];
        for (int i = 0; i < m; i++)
            order[i] = i;
        // Stable, so that equal values keep their order.
        order = [.. order.OrderByDescending(i => _sigma[i])];
        var sigma = new double[m];
        for (int i = 0; i < m; i++)
            sigma[i] = _sigma[order[i]] * unit;
        return new SvdResult(_left.SelectRows(order).Transpose(), sigma, _right.SelectRows(order));
    }

    private static double Norm(Span<double> row)
    {
        fixed (double* p = row)
            return Math.Sqrt(Vectors.Dot(p, p, row.Length));
    }
}
