using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Cuda.VendorLibraries;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda;

/// <summary>
/// The GPU backend: ILGPU kernels, with cuBLAS and cuSOLVER for products and decompositions, in one CUDA context and one stream. Open it
/// with
/// <see cref="CudaDevices.Open"/>. An instance belongs to one thread.
/// </summary>
internal sealed partial class CudaBackend : IBackend
{
    private readonly Context? _ownContext;
    private readonly Accelerator _accelerator;
    private readonly AcceleratorStream _stream;
    private readonly IVendorLibraries _libraries;
    private readonly DevicePool _pool;
    private readonly WeightCache _weights;
    private readonly UnpackedWeights _unpacked = new();
    private readonly KernelSet _kernels;
    private readonly LaunchGeometry _launch;
    private readonly CudaOptions _options;
    private readonly SurgeonBatch _surgeon;
    private readonly ConditionalWeakTable<RopeTable, RopeViews> _ropes = [];
    private readonly ConditionalWeakTable<StoredTensor, DeviceBlock> _vectors = [];

    /// <param name="accelerator">What computes.</param>
    /// <param name="ownContext">Its context when both are the backend's to dispose; null when the calling program keeps them.</param>
    /// <param name="libraries">Products and decompositions for it.</param>
    /// <param name="options">Arithmetic and memory.</param>
    internal CudaBackend(Accelerator accelerator, Context? ownContext, VendorLibraryFactory libraries, CudaOptions? options = null)
    {
        _ownContext = ownContext;
        _accelerator = accelerator;
        _options = options ?? new CudaOptions();
        _stream = accelerator.CreateStream();
        long free = accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() : accelerator.MemorySize;
        if (_options.MemoryBytes > 0)
            free = Math.Min(free, _options.MemoryBytes);
        UsableMemory = free;
        _weights = new WeightCache(accelerator, _stream, _options.WeightBytes > 0 ? _options.WeightBytes : free / 10 * 6);
        _pool = new DevicePool(accelerator)
        {
            Reclaim = _ =>
            {
                bool evicted = _weights.EvictOne();
                _weights.Trim();
                return evicted;
            },
        };
        _libraries = libraries(accelerator, _stream, _pool, _options);
        _kernels = new KernelSet(accelerator);
        _launch = new LaunchGeometry(accelerator);
        _surgeon = new SurgeonBatch(this);
    }

    /// <inheritdoc/>
    public string Description =>
        $"{(_accelerator.AcceleratorType == AcceleratorType.Cuda ? "cuda" : "simulator")} ({_accelerator.Name}, "
        + $"{_libraries.Description}, {_options.Precision})";

    /// <inheritdoc/>
    public ILinearAlgebra LinearAlgebra => _libraries.LinearAlgebra;

    /// <inheritdoc/>
    public ISurgeonBatch SurgeonBatch => _surgeon;

    /// <summary>Bytes that were free on the device when the backend was opened, or fewer where the options say so.</summary>
    public long UsableMemory { get; }

    /// <summary>How often a weight was copied to the device.</summary>
    internal int WeightUploads => _weights.Uploads;

    internal Accelerator Accelerator => _accelerator;
    internal AcceleratorStream Stream => _stream;
    internal KernelSet Kernels => _kernels;
    internal LaunchGeometry Launch => _launch;
    internal IVendorLibraries Libraries => _libraries;
    internal DevicePool Pool => _pool;
    internal CudaLimits Limits => _options.Limits;
    internal int SurgeonLaunches => _surgeon.Launches;

    /// <inheritdoc/>
    public void RequireMemory(in MemoryNeed need)
    {
        // A weight as it is stored (at most float32), the next one on its way, one widened; a chunk of logits.
        long weights = 3 * need.LargestWeight * sizeof(float),
            logits = Math.Min(_options.LogitBytes, need.Tokens * need.LargestWeight);
        long total = need.ActivationBytes + weights + logits;
        if (total <= UsableMemory)
            return;
        throw new OutOfMemoryEstimateException(
            $"{_accelerator.Name}: {need.Tokens} tokens at once need {Mebibytes(need.ActivationBytes)} for activations and sums, "
                + $"{Mebibytes(weights)} for weights in use and "
                + $"{Mebibytes(logits)} for logits, {Mebibytes(total)} together; {Mebibytes(UsableMemory)} may be used. Fewer or shorter "
                + $"sequences (--sequences, --seqlen) need less, --device cpu uses the system's memory."
        );
    }

    /// <inheritdoc/>
    public Tensor Allocate(int rows, int columns) => new CudaTensor(_pool.Rent((long)rows * columns * sizeof(float)), rows, columns);

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
        RequireLength(source.Length, destination);
        Transfer.Upload(_stream, source, View(destination));
    }

    /// <inheritdoc/>
    public void Download(Tensor source, Span<float> destination)
    {
        RequireLength(destination.Length, source);
        Transfer.Download(_stream, View(source), destination);
    }

    /// <inheritdoc/>
    public void Copy(Tensor source, Tensor destination)
    {
        if (source.Length != destination.Length)
            throw new ArgumentException($"{source.Length} numbers cannot be copied to {destination.Length}.", nameof(destination));
        if (source.Length != 0)
            View(source).CopyTo(_stream, View(destination));
    }

    /// <inheritdoc/>
    public void Fill(Tensor x, float value) => _kernels.Fill(_stream, _launch.Flat(x.Length), View(x), value);

    /// <inheritdoc/>
    public void AddScaled(Tensor x, float a, Tensor y) => _kernels.AddScaled(_stream, _launch.Flat(y.Length), View(x), a, View(y));

    /// <inheritdoc/>
    public void Multiply(Tensor a, Tensor b, Tensor y) => _kernels.Multiply(_stream, _launch.Flat(y.Length), View(a), View(b), View(y));

    /// <summary>Waits until everything that was asked for is done.</summary>
    public void Synchronize() => _stream.Synchronize();

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Synchronize();
        _libraries.Dispose();
        _weights.Dispose();
        _pool.Dispose();
        _stream.Dispose();
        if (_ownContext is null)
            return;
        _accelerator.Dispose();
        _ownContext.Dispose();
    }

    private static ArrayView<float> View(Tensor x) => ((CudaTensor)x).View;

    private static string Mebibytes(long bytes) => $"{(bytes + (1 << 20) - 1) >> 20} MiB";

    private static void RequireLength(int numbers, Tensor x)
    {
        if (numbers != x.Length)
            throw new ArgumentException($"{numbers} numbers do not fill a tensor of {x.Rows} × {x.Columns}.", nameof(numbers));
    }

    // Indices for one kernel: the block goes back to the pool at once, because the stream keeps the order.
    private ArrayView<int> Indices(ReadOnlySpan<int> indices)
    {
        if (indices.IsEmpty)
            return ArrayView<int>.Empty;
        using var block = _pool.Rent((long)indices.Length * sizeof(int));
        var view = block.As<int>(indices.Length);
        Transfer.Upload(_stream, indices, view);
        return view;
    }

    // Norm weights and biases, widened once and kept.
    private ArrayView<float> Vector(StoredTensor? weight)
    {
        if (weight is null)
            return ArrayView<float>.Empty;
        if (!_vectors.TryGetValue(weight, out var block))
        {
            block = _pool.Rent(weight.Count * sizeof(float));
            Transfer.Upload(_stream, weight.ToSingles(), block.As<float>(weight.Count));
            _vectors.Add(weight, block);
        }
        return block.As<float>(weight.Count);
    }

    private sealed record RopeViews(ArrayView<float> Cos, ArrayView<float> Sin);
}
