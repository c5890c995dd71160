using System.Diagnostics;
using SvdSurgeon.Backends;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Compare.Measures;

/// <summary>Forms G = DᵀX of every module and sequence, as a framework's backward pass does, and drops it.</summary>
internal sealed class FormedGradients(IBackend backend) : ILinearVisitor
{
    private int _batch,
        _length;

    public void BeginBatch(int first, int count, int sequenceLength) => (_batch, _length) = (count, sequenceLength);

    public void Gradient(LinearModule module, Tensor x, Tensor dy)
    {
        using var g = backend.Allocate(module.OutFeatures, module.InFeatures);
        for (int b = 0; b < _batch; b++)
            Each(module, b, x, dy, g);
    }

    private void Each(LinearModule module, int b, Tensor x, Tensor dy, Tensor g)
    {
        backend.MatMul(dy.RowRange(b * _length, _length), true, x.RowRange(b * _length, _length), false, g);
        Formed?.Invoke(module, g);
    }

    /// <summary>What is done with a gradient.</summary>
    public Action<LinearModule, Tensor>? Formed { get; init; }
}

/// <summary>
/// G of a sequence as the published programs go on with it: G·S⁻ᵀ, then ·V, then the column sums with U. The matrices have the sizes of the
/// real ones and random numbers.
/// </summary>
internal sealed class PublishedProjection(IBackend backend) : IDisposable
{
    private readonly Dictionary<(int M, int N), (StoredTensor Inverse, StoredTensor Right, Tensor Left)> _matrices = [];

    public void Project(LinearModule module, Tensor g)
    {
        int m = module.OutFeatures,
            n = module.InFeatures;
        if (!_matrices.TryGetValue((m, n), out var made))
            _matrices[(m, n)] = made = Make(m, n);
        using var unwhitened = backend.Allocate(m, n);
        using var projected = backend.Allocate(m, made.Right.Rows);
        using var row = backend.Allocate(1, made.Right.Rows);
        backend.Linear(g, made.Inverse, null, unwhitened);
        backend.Linear(unwhitened, made.Right, null, projected);
        backend.ColumnDot(made.Left, projected, row);
    }

    private (StoredTensor Inverse, StoredTensor Right, Tensor Left) Make(int m, int n)
    {
        int k = SpectralSetting.Components(m, n);
        var left = backend.Allocate(m, k);
        backend.Upload(SpectralSetting.RandomNumbers(m * k), left);
        return (
            StoredTensor.FromSingles("inverse", [n, n], SpectralSetting.RandomNumbers(n * n)),
            StoredTensor.FromSingles("right", [k, n], SpectralSetting.RandomNumbers(k * n)),
            left
        );
    }

    public void Dispose()
    {
        foreach (var (_, (_, _, left)) in _matrices)
            left.Dispose();
    }
}

/// <summary>Passes on, and sums the time of the gradient calls by the shape of the module.</summary>
internal sealed class TimedVisitor(ILinearVisitor inner) : ILinearVisitor
{
    /// <summary>Seconds by shape.</summary>
    public SortedDictionary<(int M, int N), double> Seconds { get; } = [];

    public void BeginBatch(int first, int count, int sequenceLength) => inner.BeginBatch(first, count, sequenceLength);

    public void Input(InputGroup group, Tensor x) => inner.Input(group, x);

    public void Gradient(LinearModule module, Tensor x, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Gradient(module, x, dy);
        var shape = (module.OutFeatures, module.InFeatures);
        Seconds[shape] = Seconds.GetValueOrDefault(shape) + Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
