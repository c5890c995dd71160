using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.Memory;

/// <summary>
/// Weights on the device in their storage type, rows in logical order, the least recently used dropped when the budget is full. It learns
/// which weight follows which: after an operation has been queued, <see cref="EndUse"/> brings in the next one on a stream of its own, so
/// that a model larger than the device is streamed through it while it computes.
/// </summary>
internal sealed class WeightCache(Accelerator accelerator, AcceleratorStream stream, long budget) : IDisposable
{
    private readonly DevicePool _pool = new(accelerator);
    private readonly AcceleratorStream _uploads = accelerator.CreateStream();
    private readonly ConditionalWeakTable<StoredTensor, Entry> _entries = [];
    private readonly ConditionalWeakTable<StoredTensor, WeakReference<StoredTensor>> _followers = [];
    private readonly LinkedList<Entry> _byUse = new();
    private readonly List<Entry> _inUse = [];
    private StoredTensor? _previous;

    /// <summary>Bytes of weights on the device.</summary>
    public long ResidentBytes { get; private set; }

    /// <summary>Uploads so far, for tests and reports.</summary>
    public int Uploads { get; private set; }

    /// <summary>The stored bytes of a weight. They stay until the next <see cref="EndUse"/>.</summary>
    public ArrayView<byte> Get(StoredTensor weight)
    {
        if (_entries.TryGetValue(weight, out var entry))
        {
            if (entry.Arriving)
                _uploads.Synchronize();
            entry.Arriving = false;
            _byUse.Remove(entry.Node);
            _byUse.AddFirst(entry.Node);
        }
        else
            entry = Load(weight, stream);
        if (_previous is not null && _previous != weight)
            _followers.AddOrUpdate(_previous, new WeakReference<StoredTensor>(weight));
        _previous = weight;
        _inUse.Add(entry);
        return entry.Data;
    }

    /// <summary>The operation that uses the weights since the last call is queued.</summary>
    public void EndUse()
    {
        bool streaming = ResidentBytes + (_inUse.Count == 0 ? 0 : _inUse[^1].Block.Capacity) > budget;
        if (streaming)
            foreach (var entry in _inUse)
            {
                entry.LastUse?.Dispose();
                entry.LastUse = stream.AddProfilingMarker();
            }
        _inUse.Clear();
        if (
            streaming
            && _previous is not null
            && _followers.TryGetValue(_previous, out var reference)
            && reference.TryGetTarget(out var next)
            && !_entries.TryGetValue(next, out _)
        )
            Load(next, _uploads).Arriving = true;
    }

    /// <summary>Drops the least recently used weight; false when none can be dropped.</summary>
    public bool EvictOne()
    {
        for (var node = _byUse.Last; node is not null; node = node.Previous)
        {
            var entry = node.Value;
            if (_inUse.Contains(entry))
                continue;
            // The block may be filled again on the other stream: what reads it must have finished. Usually it has, long ago.
            if (entry.Arriving)
                _uploads.Synchronize();
            if (entry.LastUse is { } marker)
                marker.Synchronize();
            else
                stream.Synchronize();
            entry.LastUse?.Dispose();
            if (entry.Weight.TryGetTarget(out var weight))
                _entries.Remove(weight);
            _byUse.Remove(node);
            ResidentBytes -= entry.Data.Length;
            entry.Block.Dispose();
            return true;
        }
        return false;
    }

    /// <summary>Gives unused blocks back to the device.</summary>
    public void Trim() => _pool.Trim();

    public void Dispose()
    {
        foreach (var entry in _byUse)
        {
            entry.LastUse?.Dispose();
            entry.Block.Dispose();
        }
        _byUse.Clear();
        _pool.Dispose();
        _uploads.Dispose();
    }

    private Entry Load(StoredTensor weight, AcceleratorStream on)
    {
        long bytes = weight.ByteLength;
        while (ResidentBytes + bytes > budget && EvictOne()) { }
        _pool.Reclaim ??= _ =>
        {
            bool evicted = EvictOne();
            _pool.Trim();
            return evicted;
        };
        var block = _pool.Rent(bytes);
        var data = block.As<byte>(bytes);
        if (weight.RowPermutation is null)
            Transfer.Upload(on, weight.Address, data);
        else
            Transfer.Upload(on, Reordered(weight), data);
        GC.KeepAlive(weight);
        var entry = new Entry(new WeakReference<StoredTensor>(weight), block, data);
        _byUse.AddFirst(entry.Node);
        _entries.Add(weight, entry);
        ResidentBytes += bytes;
        Uploads++;
        return entry;
    }

    private static unsafe ReadOnlySpan<byte> Reordered(StoredTensor weight)
    {
        var rows = GC.AllocateUninitializedArray<byte>(checked((int)weight.ByteLength));
        int length = checked((int)weight.RowBytes);
        for (int i = 0; i < weight.Rows; i++)
            new ReadOnlySpan<byte>((void*)weight.RowAddress(i), length).CopyTo(rows.AsSpan(i * length));
        return rows;
    }

    private sealed class Entry
    {
        public Entry(WeakReference<StoredTensor> weight, DeviceBlock block, ArrayView<byte> data)
        {
            Weight = weight;
            Block = block;
            Data = data;
            Node = new LinkedListNode<Entry>(this);
        }

        // Weak: a tensor that nobody holds any more must not keep its file mapped.
        public WeakReference<StoredTensor> Weight { get; }
        public DeviceBlock Block { get; }
        public ArrayView<byte> Data { get; }
        public LinkedListNode<Entry> Node { get; }
        public ProfilingMarker? LastUse { get; set; }
        public bool Arriving { get; set; }
    }
}
