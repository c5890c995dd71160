using System.Text;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.PyTorch;

/// <summary>
/// A memory-mapped pytorch_model.bin of the zip format: NAME/data.pkl describes the tensors, NAME/data/KEY are their storages.
/// The pickle is interpreted by <see cref="TensorPickle"/>, which knows tensors and nothing else; no code from the file runs.
/// </summary>
internal sealed class PyTorchFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private PyTorchFile(MappedFile file) => _file = file;

    /// <summary>Tensors by name; views into the mapping but for those with unusual strides.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <exception cref="InvalidModelException">The file is damaged, has the older format, or holds anything but tensors.</exception>
    public static PyTorchFile Open(string path)
    {
        var mapped = new MappedFile(path);
        try
        {
            var file = new PyTorchFile(mapped);
            file.Read();
            return file;
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Read()
    {
        string path = _file.FilePath;
        if (_file.Length < 4)
            throw new InvalidModelException(
                $"{path}: the file has {_file.Length} bytes. The download is probably incomplete; fetch it again."
            );
        if (!_file.Span(0, 4).SequenceEqual("PK\u0003\u0004"u8))
            throw new InvalidModelException(
                _file.Span(0, 1)[0] == 0x80
                    ? $"{path}: the file has PyTorch's format from before version 1.6, which is not supported. Load it in a newer "
                        + $"PyTorch and save it again, or convert it to safetensors."
                    : $"{path}: this is no PyTorch file (it does not begin like a zip archive)."
            );
        var entries = ZipDirectory.Read(_file).Entries;
        var pickle =
            entries.Values.FirstOrDefault(entry => entry.Name.EndsWith("/data.pkl", StringComparison.Ordinal))
            ?? throw new InvalidModelException($"{path}: the archive holds no data.pkl, so it is no PyTorch model.");
        string folder = pickle.Name[..^"data.pkl".Length];
        if (entries.TryGetValue(folder + "byteorder", out var order) && order.Length < 16)
        {
            string name = Encoding.ASCII.GetString(_file.Span(order.Offset, (int)order.Length));
            if (name != "little")
                throw new InvalidModelException(
                    $"{path}: the numbers are {name}-endian, which is not supported. Save the model again on a little-endian machine."
                );
        }
        if (pickle.Length > int.MaxValue)
            throw new InvalidModelException($"{path}: data.pkl has {pickle.Length} bytes; that is no model.");
        foreach (var (name, tensor) in TensorPickle.Read(_file.Span(pickle.Offset, (int)pickle.Length), path))
        {
            if (!entries.TryGetValue($"{folder}data/{tensor.Storage.Key}", out var entry))
                throw new InvalidModelException(
                    $"{path}: the storage '{tensor.Storage.Key}' of tensor '{name}' is missing. The file is damaged; fetch it again."
                );
            _tensors.Add(name, Locate(name, tensor, entry));
        }
    }

    private StoredTensor Locate(string name, PickledTensor tensor, ZipEntry entry)
    {
        string path = _file.FilePath;
        var (type, shape, strides) = (tensor.Storage.Type, tensor.Shape, tensor.Strides);
        long bytes = TensorShape.ByteLength(path, name, type, shape);
        int size = type.Block().Bytes;
        Int128 last = tensor.Offset;
        for (int i = 0; i < shape.Length; i++)
            last += (Int128)(shape[i] - 1) * strides[i];
        bool empty = shape.Contains(0);
        if (!empty && (last >= tensor.Storage.Count || (last + 1) * size > entry.Length))
            throw new InvalidModelException(
                $"{path}: tensor '{name}' ends at number {last + 1} of its storage, which has {entry.Length / size}. The file is "
                    + $"damaged; fetch it again."
            );
        if (empty)
            return new StoredTensor(name, type, shape, _file.Address, _file, path);

        nint first = _file.Address + (nint)(entry.Offset + tensor.Offset * size);
        if (IsRowMajor(shape, strides))
            return new StoredTensor(name, type, shape, first, _file, path);
        // A transposed view. It may not be larger than what it views: strides of 0 could ask for any amount of memory.
        if (bytes > entry.Length || bytes > Array.MaxLength)
            throw new InvalidModelException(
                $"{path}: tensor '{name}' is an expanded view with the strides {TensorShape.Format(strides)}, which is not supported. "
                    + $"Save it with .contiguous()."
            );
        var copy = GC.AllocateUninitializedArray<byte>((int)bytes, pinned: true);
        Gather(first, shape, strides, size, copy);
        return StoredTensor.FromBytes(name, type, shape, copy, path);
    }

    private static bool IsRowMajor(long[] shape, long[] strides)
    {
        long expected = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != expected)
                return false;
            expected *= shape[i];
        }
        return true;
    }

    private static unsafe void Gather(nint first, long[] shape, long[] strides, int size, Span<byte> destination)
    {
        var index = new long[shape.Length];
        long offset = 0;
        for (int at = 0; at < destination.Length; at += size)
        {
            new ReadOnlySpan<byte>((void*)(first + (nint)(offset * size)), size).CopyTo(destination[at..]);
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                offset += strides[axis];
                if (++index[axis] < shape[axis])
                    break;
                offset -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
    }
}
