using System.Numerics;
using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Surgery;

/// <summary>
/// Spectral Fisher of one module: H̄ = Σ_b ḡ_b ḡ_bᵀ over the samples b (sequences, or tokens), ḡ_b = ∂L_b/∂σ for the first k components
/// (SVD-Surgeon, Safari &amp; Hutter 2026). Holds Ḡ itself (N × k) while N &lt; k and folds it into H̄ (k × k) every k samples, so that it
/// is never larger than twice k × k however many samples there are, and the result does not depend on how the samples were cut into calls.
/// </summary>
internal sealed class SpectralFisher
{
    private readonly ILinearAlgebra _la;
    private readonly double[] _gradientSum;
    private readonly double[] _norm4;
    private bool _norm4Known = true;
    private Matrix? _gram;
    private double[] _pending = [];
    private int _pendingRows;

    /// <summary>An empty Fisher.</summary>
    /// <param name="la">Products.</param>
    /// <param name="size">k, the number of components.</param>
    public SpectralFisher(ILinearAlgebra la, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        (_la, Size) = (la, size);
        _gradientSum = new double[size];
        _norm4 = new double[size];
    }

    /// <summary>k.</summary>
    public int Size { get; }

    /// <summary>N, the samples added so far.</summary>
    public long Samples { get; private set; }

    /// <summary>Adds spectral gradients.</summary>
    /// <param name="gradients">ḡ_b in rows of k.</param>
    /// <exception cref="NumericalException">A gradient is not finite.</exception>
    public void Add(ReadOnlySpan<double> gradients)
    {
        if (gradients.Length % Size != 0)
            throw new ArgumentException($"{gradients.Length} numbers are not rows of {Size}.", nameof(gradients));
        FiniteNumbers.Require(gradients, "The spectral gradient");
        for (int start = 0; start < gradients.Length; start += Size)
        {
            var row = gradients.Slice(start, Size);
            double norm2 = 0;
            for (int i = 0; i < Size; i++)
            {
                _gradientSum[i] += row[i];
                norm2 += row[i] * row[i];
                _norm4[i] += norm2 * norm2;
            }
            row.CopyTo(NextPendingRow());
            if (_pendingRows == Size)
                Fold();
        }
        Samples += gradients.Length / Size;
    }

    /// <summary>Adds spectral gradients in float32.</summary>
    /// <inheritdoc cref="Add(ReadOnlySpan{double})"/>
    public void Add(ReadOnlySpan<float> gradients)
    {
        var wide = new double[gradients.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = gradients[i];
        Add(wide);
    }

    /// <summary>
    /// Adds many samples at once as their Gram matrix: the token form, where every token t is a sample q_t = (D U_k)_t ∘ (X M)_t and the
    /// backend has already formed Σ_t q_t q_tᵀ as one rank-T update.
    /// </summary>
    /// <param name="gram">Σ_t q_t q_tᵀ, k × k.</param>
    /// <param name="gradientSum">Σ_t q_t, length k.</param>
    /// <param name="samples">T.</param>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    public void AddGram(Matrix gram, ReadOnlySpan<double> gradientSum, long samples)
    {
        if (gram.Rows != Size || gram.Columns != Size || gradientSum.Length != Size)
            throw new ArgumentException(
                $"A {gram.Rows} × {gram.Columns} matrix with {gradientSum.Length} sums was added to a Fisher of {Size} components.",
                nameof(gram)
            );
        FiniteNumbers.Require(gram, "The spectral Fisher");
        FiniteNumbers.Require(gradientSum, "The spectral gradient");
        AddTo(_gram ??= new Matrix(Size, Size), gram);
        for (int i = 0; i < Size; i++)
            _gradientSum[i] += gradientSum[i];
        _norm4Known = false;
        Samples += samples;
    }

    /// <summary>
    /// Adds the samples of a shard. Equal to one run over all samples to rounding (1e-12 relative), and to the last bit while N &lt; k and
    /// the shards come in order.
    /// </summary>
    public void Merge(SpectralFisher shard)
    {
        if (shard.Size != Size)
            throw new InvalidInputException($"A spectral Fisher of {shard.Size} components cannot be merged with one of {Size}.");
        if (shard._gram is not null)
            AddTo(_gram ??= new Matrix(Size, Size), shard._gram);
        for (int b = 0; b < shard._pendingRows; b++)
        {
            shard._pending.AsSpan(b * Size, Size).CopyTo(NextPendingRow());
            if (_pendingRows == Size)
                Fold();
        }
        for (int i = 0; i < Size; i++)
        {
            _gradientSum[i] += shard._gradientSum[i];
            _norm4[i] += shard._norm4[i];
        }
        _norm4Known &= shard._norm4Known;
        Samples += shard.Samples;
    }

    /// <summary>The Fisher of the first <paramref name="size"/> components: what the surgeon needs for a smaller pool.</summary>
    /// <param name="size">k' ≤ k.</param>
    /// <param name="shrinkage">Pulls the estimate towards a multiple of the identity.</param>
    /// <exception cref="InvalidInputException">More components than were collected.</exception>
    public FisherPool Pool(int size, Shrinkage shrinkage = Shrinkage.None)
    {
        if (size < 1 || size > Size)
            throw new InvalidInputException(
                $"The spectral Fisher was collected for {Size} components, {size} are needed: collect it again for the largest rank and "
                    + $"pool."
            );
        bool gradientForm = _gram is null && _pendingRows < size;
        var gradients = new Matrix(_pendingRows, size);
        for (int b = 0; b < _pendingRows; b++)
            _pending.AsSpan(b * Size, size).CopyTo(gradients.Row(b));
        var pool = gradientForm
            ? new FisherPool(_la, Samples, gradients, null, _gradientSum[..size])
            : new FisherPool(_la, Samples, null, LeadingGram(gradients), _gradientSum[..size]);
        return shrinkage == Shrinkage.None ? pool : pool.Shrink(_norm4Known ? _norm4[size - 1] : null);
    }

    /// <summary>Everything this Fisher knows, to be kept in a file. Arrays are shared, not copied.</summary>
    public SpectralFisherState Save() =>
        new(
            Size,
            Samples,
            _gram,
            new Matrix(_pendingRows, Size, _pending[..(_pendingRows * Size)]),
            _gradientSum,
            _norm4Known ? _norm4 : null
        );

    /// <summary>The Fisher that <see cref="Save"/> described.</summary>
    /// <exception cref="InvalidInputException">Sizes do not belong together.</exception>
    public static SpectralFisher Restore(ILinearAlgebra la, SpectralFisherState state)
    {
        var fisher = new SpectralFisher(la, state.Size) { Samples = state.Samples };
        if (
            state.Gradients.Columns != state.Size
            || state.Gradients.Rows >= state.Size
            || state.GradientSum.Length != state.Size
            || (state.Gram is { } g && (g.Rows != state.Size || g.Columns != state.Size))
            || (state.Norm4 is { } n && n.Length != state.Size)
        )
            throw new InvalidInputException(
                $"The parts of a stored spectral Fisher of {state.Size} components do not have its size: the file is damaged, collect it "
                    + $"again."
            );
        fisher._gram = state.Gram?.Clone();
        fisher._pending = (double[])state.Gradients.Data.Clone();
        fisher._pendingRows = state.Gradients.Rows;
        state.GradientSum.CopyTo(fisher._gradientSum, 0);
        state.Norm4?.CopyTo(fisher._norm4, 0);
        fisher._norm4Known = state.Norm4 is not null;
        return fisher;
    }

    private Matrix LeadingGram(Matrix gradients)
    {
        int size = gradients.Columns;
        var gram = gradients.Rows > 0 ? _la.Multiply(gradients, gradients, transposeA: true) : new Matrix(size, size);
        if (_gram is not null)
            for (int i = 0; i < size; i++)
                AddTo(gram.Row(i), _gram.Row(i)[..size]);
        return gram;
    }

    private Span<double> NextPendingRow()
    {
        int needed = checked((_pendingRows + 1) * Size);
        if (_pending.Length < needed)
        {
            // Doubles, up to the k rows that are folded at once.
            long grown = Math.Min(Math.Max(2L * _pending.Length, 8L * Size), (long)Size * Size);
            Array.Resize(ref _pending, checked((int)Math.Max(grown, needed)));
        }
        return _pending.AsSpan(_pendingRows++ * Size, Size);
    }

    private void Fold()
    {
        var gradients = new Matrix(Size, Size, _pending.Length == Size * Size ? _pending : _pending[..(Size * Size)]);
        var product = _la.Multiply(gradients, gradients, transposeA: true);
        if (_gram is null)
            _gram = product;
        else
            AddTo(_gram, product);
        _pendingRows = 0;
    }

    private static void AddTo(Matrix sum, Matrix addend) => AddTo(sum.Data, addend.Data);

    private static void AddTo(Span<double> sum, ReadOnlySpan<double> addend)
    {
        int i = 0;
        for (; i <= sum.Length - Vector<double>.Count; i += Vector<double>.Count)
            (new Vector<double>(sum[i..]) + new Vector<double>(addend[i..])).CopyTo(sum[i..]);
        for (; i < sum.Length; i++)
            sum[i] += addend[i];
    }
}
