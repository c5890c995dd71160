using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>
/// Joins two solved halves: diag(D₁, D₂) + ρ z zᵀ in the basis of their eigenvectors. Values that z does not couple, or that coincide, are
/// deflated; the others are roots of the secular equation, their vectors come from recomputed weights (Gu and Eisenstat) and are multiplied
/// into the halves' vectors, whose zero blocks are skipped.
/// </summary>
internal sealed unsafe class RankOneUpdate
{
    private const double Epsilon = 1.11e-16;
    private const int RootsAnItem = 32;

    private readonly ThreadTeam _team;
    private readonly int _first,
        _size,
        _upper,
        _stride;
    private readonly double* _rows;

    // Sorted by value: eigenvalues, weights, source row, and whether the row lives in the upper half, the lower half, or both.
    private readonly double[] _d,
        _z;
    private readonly int[] _source;
    private readonly Half[] _half;
    private readonly List<int> _kept = [],
        _deflated = [];

    private enum Half : byte
    {
        Upper,
        Both,
        Lower,
    }

    private RankOneUpdate(ThreadTeam team, double* rows, int stride, int first, int middle, int last)
    {
        _team = team;
        _rows = rows;
        _stride = stride;
        _first = first;
        _size = last - first;
        _upper = middle - first;
        _d = new double[_size];
        _z = new double[_size];
        _source = new int[_size];
        _half = new Half[_size];
    }

    /// <summary>Joins [first, middle) and [middle, last) of d, ascending again on return, and of the rows of eigenvectors.</summary>
    public static void Join(ThreadTeam team, Matrix rows, double[] d, int first, int middle, int last, double coupling)
    {
        fixed (double* p = rows.Data)
        {
            var update = new RankOneUpdate(team, p, rows.Columns, first, middle, last);
            update.SortHalves(d, coupling);
            // u has length √2, and so has z.
            double rho = 2 * Math.Abs(coupling);
            update.Deflate(rho);
            update.Solve(d, rho);
        }
    }

    private double* Row(int source) => _rows + (long)(_first + source) * _stride + _first;

    private void SortHalves(double[] d, double coupling)
    {
        double inverse = 1 / Math.Sqrt(2),
            sign = coupling < 0 ? -inverse : inverse;
        int a = 0,
            b = _upper;
        for (int i = 0; i < _size; i++)
        {
            bool fromUpper = b == _size || (a < _upper && d[_first + a] <= d[_first + b]);
            int source = fromUpper ? a++ : b++;
            _source[i] = source;
            _d[i] = d[_first + source];
            _z[i] = fromUpper ? inverse * Row(source)[_upper - 1] : sign * Row(source)[_upper];
            _half[i] = fromUpper ? Half.Upper : Half.Lower;
        }
    }

    private void Deflate(double rho)
    {
        double largest = 0;
        for (int i = 0; i < _size; i++)
            largest = Math.Max(largest, Math.Max(Math.Abs(_d[i]), Math.Abs(_z[i])));
        double tolerance = 8 * Epsilon * largest;
        int previous = -1;
        for (int i = 0; i < _size; i++)
        {
            if (rho * Math.Abs(_z[i]) <= tolerance)
            {
                _deflated.Add(i);
                continue;
            }
            if (previous >= 0 && TryRotate(previous, i, tolerance))
                _deflated.Add(previous);
            else if (previous >= 0)
                _kept.Add(previous);
            previous = i;
        }
        if (previous >= 0)
            _kept.Add(previous);
    }

    // When two values nearly coincide, a rotation of their vectors takes the first one's weight away.
    private bool TryRotate(int i, int j, double tolerance)
    {
        double length = double.Hypot(_z[i], _z[j]),
            c = _z[j] / length,
            s = -_z[i] / length,
            gap = _d[j] - _d[i];
        if (Math.Abs(gap * c * s) > tolerance)
            return false;
        _z[j] = length;
        _z[i] = 0;
        Vectors.Rotate(Row(_source[i]), Row(_source[j]), c, s, _size);
        if (_half[i] != _half[j])
            _half[i] = _half[j] = Half.Both;
        (_d[i], _d[j]) = (_d[i] * c * c + _d[j] * s * s, _d[i] * s * s + _d[j] * c * c);
        return true;
    }

    private void Solve(double[] d, double rho)
    {
        int k = _kept.Count;
        using var differences = new Workspace((nuint)Math.Max(1, (long)k * k * sizeof(double)));
        using var vectors = new Workspace((nuint)Math.Max(1, (long)k * k * sizeof(double)));
        using var results = new Workspace((nuint)((long)_size * _size * sizeof(double)));
        double* s = (double*)vectors.Pointer,
            output = (double*)results.Pointer;
        var values = new double[_size];
        if (k > 0)
        {
            var order = InnerEigenvectors(rho, (double*)differences.Pointer, s, values);
            MultiplyBack(order, s, output);
        }
        for (int i = 0; i < _deflated.Count; i++)
        {
            values[k + i] = _d[_deflated[i]];
            new Span<double>(Row(_source[_deflated[i]]), _size).CopyTo(new Span<double>(output + (long)(k + i) * _size, _size));
        }
        var sorted = new int[_size];
        for (int i = 0; i < _size; i++)
            sorted[i] = i;
        Array.Sort((double[])values.Clone(), sorted);
        for (int i = 0; i < _size; i++)
        {
            d[_first + i] = values[sorted[i]];
            new Span<double>(output + (long)sorted[i] * _size, _size).CopyTo(new Span<double>(Row(i), _size));
        }
    }

    // Row r of s is the eigenvector of root r; its columns are ordered upper, both, lower. Returns the source rows in that order.
    private int[] InnerEigenvectors(double rho, double* differences, double* s, double[] values)
    {
        int k = _kept.Count;
        var order = _kept.OrderBy(i => _half[i]).ToArray();
        var position = new int[_size];
        for (int j = 0; j < k; j++)
            position[order[j]] = j;
        var d = _kept.Select(i => _d[i]).ToArray();
        var z = _kept.Select(i => _z[i]).ToArray();
        double squaredNorm = z.Sum(x => x * x);
        int groups = (k + RootsAnItem - 1) / RootsAnItem;
        _team.Run(
            groups,
            group =>
            {
                fixed (
                    double* pd = d,
                        pz = z
                )
                    for (int i = group * RootsAnItem; i < Math.Min(k, (group + 1) * RootsAnItem); i++)
                        values[i] = SecularEquation.Solve(i, k, pd, pz, rho, squaredNorm, differences + (long)i * k);
            }
        );
        var weights = new double[k];
        _team.Run(
            groups,
            group =>
            {
                fixed (
                    double* pd = d,
                        pw = weights
                )
                    RecomputeWeights(group * RootsAnItem, Math.Min(k, (group + 1) * RootsAnItem), k, pd, differences, pw);
            }
        );
        for (int j = 0; j < k; j++)
            weights[j] = Math.CopySign(Math.Sqrt(Math.Abs(weights[j])), z[j]);
        _team.Run(
            groups,
            group =>
            {
                for (int i = group * RootsAnItem; i < Math.Min(k, (group + 1) * RootsAnItem); i++)
                {
                    double* row = differences + (long)i * k,
                        to = s + (long)i * k;
                    fixed (double* pw = weights)
                        Vectors.Divide(pw, row, row, k);
                    double inverse = 1 / Math.Sqrt(Vectors.Dot(row, row, k));
                    for (int j = 0; j < k; j++)
                        to[position[_kept[j]]] = row[j] * inverse;
                }
            }
        );
        return order;
    }

    // ẑ_j² = (λ_j − d_j) Π_{i≠j} (λ_i − d_j) / (d_i − d_j): the weights whose exact roots are the computed ones.
    private static void RecomputeWeights(int first, int last, int k, double* d, double* differences, double* weights)
    {
        new Span<double>(weights + first, last - first).Fill(1);
        for (int i = 0; i < k; i++)
        {
            double* row = differences + (long)i * k;
            for (int j = first; j < last; j++)
                weights[j] *= j == i ? -row[j] : row[j] / (d[j] - d[i]);
        }
    }

    private void MultiplyBack(int[] order, double* s, double* output)
    {
        int k = order.Length,
            lower = _size - _upper;
        int upperOnly = order.Count(i => _half[i] == Half.Upper),
            lowerOnly = order.Count(i => _half[i] == Half.Lower);
        int inUpper = k - lowerOnly,
            inLower = k - upperOnly;
        using var packed = new Workspace((nuint)(((long)inUpper * _upper + (long)inLower * lower) * sizeof(double)));
        double* top = (double*)packed.Pointer,
            bottom = top + (long)inUpper * _upper;
        for (int j = 0; j < inUpper; j++)
            new Span<double>(Row(_source[order[j]]), _upper).CopyTo(new Span<double>(top + (long)j * _upper, _upper));
        for (int j = 0; j < inLower; j++)
            new Span<double>(Row(_source[order[upperOnly + j]]) + _upper, lower).CopyTo(new Span<double>(bottom + (long)j * lower, lower));
        Gemm.Multiply(_team, k, _upper, inUpper, s, k, false, top, _upper, false, output, _size, false);
        Gemm.Multiply(_team, k, lower, inLower, s + upperOnly, k, false, bottom, lower, false, output + _upper, _size, false);
    }
}
