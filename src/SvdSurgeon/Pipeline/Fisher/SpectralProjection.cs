using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Fisher;

/// <summary>
/// Folds (X, D) of every linear module into spectral gradients during the backward pass: (ḡ_b)_i = u_iᵀ G_b v_i with G_b = DᵀX and the
/// right vectors already unwhitened. G_b is formed only where that is cheaper: 2T(m+n)k operations for P = D·U, Q = X·V and Σ_t P∘Q,
/// against 2Tmn + 2mnk for G, G·V and the column sums (docs/methods.md).
/// </summary>
internal sealed class SpectralProjection : ILinearVisitor, IDisposable
{
    private readonly PipelineContext _context;
    private readonly int _length;
    private readonly SpectralForm _form;
    private readonly List<SafeTensorsFile> _files = [];
    private readonly Dictionary<string, (StoredTensor Left, StoredTensor Right)> _vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> _rows = new(StringComparer.Ordinal);
    private int _sequences,
        _first,
        _batch;

    public SpectralProjection(PipelineContext context, FactorSet factors, int length, SpectralForm form = SpectralForm.Cheaper)
    {
        (_context, _length, _form) = (context, length, form);
        for (int layer = 0; layer < context.Model.Layers.Count; layer++)
        {
            var file = factors.OpenLayer(layer);
            _files.Add(file);
            foreach (var module in context.Model.Layers[layer].Linears.Where(m => file.Tensors.ContainsKey(m.Name + ".left")))
                _vectors[module.Name] = (file[module.Name + ".left"], file[module.Name + ".right"]);
        }
    }

    /// <summary>Runs forward and backward over <paramref name="sequences"/> sequences; <see cref="Entries"/> has their rows.</summary>
    public void Run(ReadOnlySpan<int> ids, int sequences, Action<int> sequencesDone)
    {
        Prepare(sequences);
        ForwardBackward.Run(
            _context.Model,
            _context.Backend,
            ids,
            _length,
            new double[sequences],
            this,
            _context.Pass(_length),
            sequencesDone,
            _context.Cancellation
        );
    }

    /// <summary>
    /// Makes room for the rows of <paramref name="sequences"/> sequences: what has to be done before a pass that is not
    /// <see cref="Run"/>'s.
    /// </summary>
    public void Prepare(int sequences)
    {
        _sequences = sequences;
        foreach (var (name, (left, _)) in _vectors)
            _rows[name] = new float[sequences * left.Rows];
    }

    public void BeginBatch(int first, int count, int sequenceLength) => (_first, _batch) = (first, count);

    public void Gradient(LinearModule module, Tensor x, Tensor dy)
    {
        var backend = _context.Backend;
        if (!_vectors.TryGetValue(module.Name, out var vectors))
            return;
        var (left, right) = vectors;
        int k = left.Rows;
        long m = module.OutFeatures,
            n = module.InFeatures;
        using var g = backend.Allocate(_batch, k);
        if (Projects(m, n, k))
        {
            using var p = backend.Allocate(dy.Rows, k);
            using var q = backend.Allocate(x.Rows, k);
            backend.Linear(dy, left, null, p);
            backend.Linear(x, right, null, q);
            backend.ColumnDot(p, q, g);
        }
        else
        {
            using var gradient = backend.Allocate((int)m, (int)n);
            using var projected = backend.Allocate((int)m, k);
            using var leftColumns = Transposed(left);
            for (int b = 0; b < _batch; b++)
            {
                backend.MatMul(dy.RowRange(b * _length, _length), true, x.RowRange(b * _length, _length), false, gradient);
                backend.Linear(gradient, right, null, projected);
                backend.ColumnDot(leftColumns, projected, g.RowRange(b, 1));
            }
        }
        backend.Download(g, _rows[module.Name].AsSpan(_first * k, _batch * k));
    }

    /// <summary>The rows of the part, a tensor [sequences, K] a module.</summary>
    public IEnumerable<TensorEntry> Entries()
    {
        foreach (var (name, rows) in _rows)
        {
            foreach (float value in rows)
                if (!float.IsFinite(value))
                    throw new NumericalException(
                        $"{name}: a spectral gradient is not finite. The model's weights or the calibration data are probably damaged."
                    );
            yield return TensorEntry.FromSingles(name, [_sequences, rows.Length / _sequences], rows);
        }
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private bool Projects(long m, long n, long k) =>
        _form switch
        {
            SpectralForm.Projection => true,
            SpectralForm.Gradient => false,
            _ => _length * (m + n) * k <= _length * m * n + m * n * k,
        };

    private Tensor Transposed(StoredTensor left)
    {
        var values = left.ToSingles();
        var columns = new float[values.Length];
        for (int i = 0; i < left.Rows; i++)
        for (int j = 0; j < left.Columns; j++)
            columns[j * left.Rows + i] = values[i * left.Columns + j];
        var tensor = _context.Backend.Allocate(left.Columns, left.Rows);
        _context.Backend.Upload(columns, tensor);
        return tensor;
    }
}
