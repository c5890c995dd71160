using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Ranks;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Columns;

/// <summary>
/// Duo-SVD (Xv et al., Findings of ACL 2026), columns: trades d of the r ranks of one module for c(d) input columns that are kept exactly,
/// at the same number of parameters, and finds the best d.
/// </summary>
/// <remarks>
/// With the columns s not kept, E(d) = sqrt(Σ_{i>r−d} σ_i(W_s S_s)²), S_s S_sᵀ = H_ss. Refitted, the kept columns take over what they can
/// predict of the rest: S_s S_sᵀ is the Schur complement H_ss − H_sc H_cc⁻¹ H_cs, and C = W_c + (W_s − AB) H_sc H_cc⁻¹.
/// </remarks>
internal sealed class ColumnPreservation
{
    /// <summary>A split is taken only when it lowers the error by more than this fraction.</summary>
    public const double SmallestGain = 0.01;

    private readonly ILinearAlgebra _la;
    private readonly Matrix _w;
    private readonly Matrix _rows;
    private readonly Matrix _gram;
    private readonly SpectralFactors _whole;
    private readonly WhiteningFactor? _output;
    private readonly bool _countIndices;
    private readonly Dictionary<(int, ColumnMode), double> _errors = [];

    /// <summary>Truncates the whole module at rank r and orders its columns by what that cost.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="gram">H = XᵀX, n × n; with two-sided whitening the damped one (<see cref="WhitenedSvd.Damp"/>).</param>
    /// <param name="rank">r, the rank budget of the module; below m·n/(m + n).</param>
    /// <param name="whole">Whitened factors of W with at least r vectors, where they are known already.</param>
    /// <param name="output">Factor of the output side, for two-sided whitening: errors are then measured in its metric.</param>
    /// <param name="countIndices">Count the stored column indices too and never store more than r(m + n); the paper counts weights alone
    /// and rounds to nearest.</param>
    /// <exception cref="InvalidInputException">The rank is that of a module which stays dense.</exception>
    public ColumnPreservation(
        ILinearAlgebra la,
        Matrix w,
        Matrix gram,
        int rank,
        SpectralFactors? whole = null,
        WhiteningFactor? output = null,
        bool countIndices = false
    )
    {
        if (rank < 1 || RankBudget.StaysDense(w.Rows, w.Columns, rank))
            throw new InvalidInputException(
                $"Rank {rank} of a {w.Rows} × {w.Columns} module leaves no parameters to trade for columns; keep it dense."
            );
        (_la, _w, _gram, _output, _countIndices, Rank) = (la, w, gram, output, countIndices, rank);
        _whole = whole ?? WhitenedSvd.Factorize(la, w, WhiteningFactor.Cholesky(la, gram), output);
        _rows = output is null ? w : output.WhitenRows(w);
        PlainError = Truncation.Error(_whole.Sigma, rank);
        Order = ByImportance();
    }

    /// <summary>r.</summary>
    public int Rank { get; }

    /// <summary>E(0), the error of truncation alone.</summary>
    public double PlainError { get; }

    /// <summary>All columns, the one whose loss by truncation weighs most first: ‖(W − W')_j‖²·H_jj.</summary>
    public IReadOnlyList<int> Order { get; }

    /// <summary>
    /// c(d) = round(d(m + n)/(m − (r − d))), halves to even; with indices counted the largest c with (r − d)(m + n − c) + mc + c ≤ r(m +
    /// n).
    /// </summary>
    public int ColumnCount(int traded)
    {
        if (traded == 0)
            return 0;
        long freed = (long)traded * (_w.Rows + _w.Columns),
            price = _w.Rows - (Rank - traded);
        return _countIndices ? (int)(freed / (price + 1)) : (int)Math.Round((double)freed / price);
    }

    /// <summary>E(d); infinite where the columns would not fit.</summary>
    public double Error(int traded, ColumnMode mode)
    {
        if (traded == 0)
            return PlainError;
        if (!_errors.TryGetValue((traded, mode), out double error))
            _errors[(traded, mode)] = error = ComputeError(traded, mode);
        return error;
    }

    /// <summary>The d that the search settles on; 0 when columns gain too little.</summary>
    public int ChooseTraded(ColumnMode mode)
    {
        int best = GoldenSection(mode);
        // The two errors have their lowest points in different places: with Preserve's own choice at hand, Refit cannot end above it.
        if (mode == ColumnMode.Refit && ChooseTraded(ColumnMode.Preserve) is var other && Error(other, mode) < Error(best, mode))
            best = other;
        return (PlainError - Error(best, mode)) / PlainError > SmallestGain ? best : 0;
    }

    /// <summary>Search, split and factors in one call.</summary>
    public ColumnSplit Choose(ColumnMode mode, int maxComponents = int.MaxValue) => Split(ChooseTraded(mode), mode, maxComponents);

    /// <summary>The split for a given d, with vectors for the first <paramref name="maxComponents"/> components of the rest.</summary>
    public ColumnSplit Split(int traded, ColumnMode mode, int maxComponents = int.MaxValue)
    {
        if (traded < 0 || traded > Rank || ColumnCount(traded) > _w.Columns)
            throw new InvalidInputException($"{traded} of {Rank} ranks cannot be traded for columns of a {_w.Rows} × {_w.Columns} module.");
        var (columns, rest) = Partition(traded);
        if (traded == 0)
            return new ColumnSplit(Rank, 0, columns, rest, _whole, null, PlainError, PlainError);
        Matrix? map = null;
        var metric = Block(rest, rest);
        if (mode == ColumnMode.Refit)
        {
            var explained = Explained(columns, rest, out var lower);
            metric = Unexplained(metric, explained);
            map = _la.SolveTriangular(lower, explained, Side.Left, transpose: true).Transpose();
        }
        var factors = WhitenedSvd.Factorize(
            _la,
            _w.SelectColumns(rest),
            rest.Length == 0 ? null : WhiteningFactor.Cholesky(_la, metric),
            _output,
            maxComponents
        );
        return new ColumnSplit(
            Math.Min(Rank - traded, factors.Sigma.Length),
            traded,
            columns,
            rest,
            factors,
            map,
            Error(traded, mode),
            PlainError
        );
    }

    /// <summary>The stored form: low-rank part of the rest and the kept columns, refitted to it where the split says so.</summary>
    /// <param name="split">From <see cref="Split"/> or <see cref="Choose"/>.</param>
    /// <param name="lowRank">A·B of the rest: the first components of the split, or those that the surgeon chose and corrected.</param>
    public ColumnPreservingFactors Store(ColumnSplit split, LowRankFactors lowRank)
    {
        var kept = _w.SelectColumns(split.Columns);
        if (split.RefitMap is { } map)
        {
            var explained = _la.Multiply(Truncation.Difference(_w.SelectColumns(split.Rest), lowRank.Product(_la)), map);
            for (int i = 0; i < kept.Data.Length; i++)
                kept.Data[i] += explained.Data[i];
        }
        return new ColumnPreservingFactors(lowRank.A, lowRank.B, kept, split.Columns, split.Rest);
    }

    // E is not convex and d an integer, so this finds a good d, not always the best one. Probes and order are those of the authors'
    // program.
    private int GoldenSection(ColumnMode mode)
    {
        double inverse = (Math.Sqrt(5) - 1) / 2,
            square = inverse * inverse;
        double E(int d) => Error(d, mode);
        int At(int low, int high, double fraction) => low + (int)Math.Round(fraction * (high - low));

        if (
            E(Math.Max(1, (int)Math.Round(Rank * square))) >= PlainError
            && E(Math.Max(1, (int)Math.Round(Rank * inverse * (square * square)))) >= PlainError
        )
            return 0;
        int low = 0,
            high = Rank,
            a = At(low, high, square),
            b = At(low, high, inverse);
        while (high - low >= 3)
        {
            if (E(a) < E(b))
            {
                (high, b) = (b, a);
                a = At(low, high, square);
            }
            else
            {
                (low, a) = (a, b);
                b = At(low, high, inverse);
            }
        }
        return E(a) <= E(b) ? a : b;
    }

    private double ComputeError(int traded, ColumnMode mode)
    {
        if (ColumnCount(traded) > _w.Columns)
            return double.PositiveInfinity;
        var (columns, rest) = Partition(traded);
        if (rest.Length == 0)
            return 0;
        var metric = mode == ColumnMode.Preserve ? Block(rest, rest) : Unexplained(Block(rest, rest), Explained(columns, rest, out _));
        return _la.TruncationError(WhiteningFactor.Cholesky(_la, metric).Whiten(_rows.SelectColumns(rest)), Rank - traded);
    }

    private int[] ByImportance()
    {
        var difference = Truncation.Difference(_w, Truncation.Keep(_whole, Rank).Product(_la));
        if (_output is not null)
            difference = _output.WhitenRows(difference);
        var importance = new double[_w.Columns];
        for (int i = 0; i < difference.Rows; i++)
        for (int j = 0; j < importance.Length; j++)
            importance[j] += difference[i, j] * difference[i, j];
        for (int j = 0; j < importance.Length; j++)
            importance[j] *= _gram[j, j];
        var order = Truncation.FirstIndices(importance.Length);
        Array.Sort(order, (i, j) => importance[i] != importance[j] ? importance[j].CompareTo(importance[i]) : i.CompareTo(j));
        return order;
    }

    private (int[] Kept, int[] Others) Partition(int traded)
    {
        var columns = Order.Take(ColumnCount(traded)).Order().ToArray();
        var kept = new bool[_w.Columns];
        foreach (int j in columns)
            kept[j] = true;
        return (columns, [.. Truncation.FirstIndices(_w.Columns).Where(j => !kept[j])]);
    }

    private Matrix Block(int[] rows, int[] columns) => _gram.SelectRows(rows).SelectColumns(columns);

    // T with L T = H_cs and L Lᵀ = H_cc: TᵀT is what the kept columns explain of the rest, (L⁻ᵀT)ᵀ the map H_sc H_cc⁻¹.
    private Matrix Explained(int[] columns, int[] rest, out Matrix lower)
    {
        lower = PositiveDefinite.Factor(_la, Block(columns, columns), "The Gram matrix of the kept columns", out _);
        return _la.SolveTriangular(lower, Block(columns, rest), Side.Left, transpose: false);
    }

    // The Schur complement H_ss − H_sc H_cc⁻¹ H_cs = H_ss − TᵀT.
    private Matrix Unexplained(Matrix rest, Matrix explained)
    {
        var complement = Truncation.Difference(rest, _la.Multiply(explained, explained, transposeA: true));
        // Where the kept columns explain the rest completely, what is left is rounding of either sign.
        for (int i = 0; i < complement.Rows; i++)
            complement[i, i] = Math.Max(complement[i, i], 0);
        return complement;
    }
}
