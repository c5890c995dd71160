using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SvdSurgeon.Backends;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// The hidden states of all calibration sequences between two layers, [tokens, hiddenSize]: in the backend's memory, or in a file where
/// they are too many for that. The numbers are the same either way.
/// </summary>
internal abstract class HiddenStore(int hiddenSize) : IDisposable
{
    /// <summary>Holds <paramref name="tokens"/> rows.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="tokens">Rows.</param>
    /// <param name="hiddenSize">Columns.</param>
    /// <param name="memory">Bytes they may take in memory.</param>
    /// <param name="folder">Where the file goes if they take more; it has no name there and is gone with the process.</param>
    public static HiddenStore Create(IBackend backend, int tokens, int hiddenSize, long memory, string folder) =>
        Bytes(tokens, hiddenSize, memory) > 0 ? new InMemory(backend, tokens, hiddenSize) : new InFile(backend, hiddenSize, folder);

    /// <summary>Bytes that they take of the backend's memory; 0 where they go to a file.</summary>
    public static long Bytes(int tokens, int hiddenSize, long memory) =>
        (long)tokens * hiddenSize * sizeof(float) is var bytes && bytes <= memory ? bytes : 0;

    /// <summary>Columns.</summary>
    public int HiddenSize { get; } = hiddenSize;

    /// <summary>True when they are in a file.</summary>
    public abstract bool InFileSystem { get; }

    /// <summary>Calls <paramref name="body"/> with rows [first, first + count), to be read.</summary>
    public abstract void Read(int first, int count, Action<Tensor> body);

    /// <summary>Calls <paramref name="body"/> with rows [first, first + count), whose contents are undefined, to be set.</summary>
    public abstract void Write(int first, int count, Action<Tensor> body);

    /// <summary>Calls <paramref name="body"/> with rows [first, first + count), to be changed.</summary>
    public abstract void Update(int first, int count, Action<Tensor> body);

    public abstract void Dispose();

    private sealed class InMemory(IBackend backend, int tokens, int hiddenSize) : HiddenStore(hiddenSize)
    {
        private readonly Tensor _rows = backend.Allocate(tokens, hiddenSize);

        public override bool InFileSystem => false;

        public override void Read(int first, int count, Action<Tensor> body) => body(_rows.RowRange(first, count));

        public override void Write(int first, int count, Action<Tensor> body) => body(_rows.RowRange(first, count));

        public override void Update(int first, int count, Action<Tensor> body) => body(_rows.RowRange(first, count));

        public override void Dispose() => _rows.Dispose();
    }

    private sealed class InFile : HiddenStore
    {
        private readonly IBackend _backend;
        private readonly SafeFileHandle _file;
        private readonly string _folder;
        private float[] _buffer = [];

        public InFile(IBackend backend, int hiddenSize, string folder)
            : base(hiddenSize)
        {
            (_backend, _folder) = (backend, folder);
            string path = Path.Combine(folder, Path.GetRandomFileName() + AtomicFile.TemporarySuffix);
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose);
            // Without a name it cannot outlive the process, however that ends. Windows does this for DeleteOnClose by itself.
            if (!OperatingSystem.IsWindows())
                File.Delete(path);
        }

        public override bool InFileSystem => true;

        public override void Read(int first, int count, Action<Tensor> body)
        {
            using var rows = Load(first, count);
            body(rows);
        }

        public override void Write(int first, int count, Action<Tensor> body)
        {
            using var rows = _backend.Allocate(count, HiddenSize);
            body(rows);
            Save(first, rows);
        }

        public override void Update(int first, int count, Action<Tensor> body)
        {
            using var rows = Load(first, count);
            body(rows);
            Save(first, rows);
        }

        public override void Dispose() => _file.Dispose();

        private Tensor Load(int first, int count)
        {
            var values = Buffer(count);
            var bytes = MemoryMarshal.AsBytes(values);
            for (int read = 0, got; read < bytes.Length; read += got)
                if ((got = RandomAccess.Read(_file, bytes[read..], Offset(first) + read)) == 0)
                    throw new EndOfStreamException("The file of hidden states ends too early.");
            var rows = _backend.Allocate(count, HiddenSize);
            _backend.Upload(values, rows);
            return rows;
        }

        private void Save(int first, Tensor rows)
        {
            var values = Buffer(rows.Rows);
            _backend.Download(rows, values);
            try
            {
                RandomAccess.Write(_file, MemoryMarshal.AsBytes(values), Offset(first));
            }
            catch (IOException e)
            {
                throw new IOException(
                    $"{_folder}: the hidden states of the calibration text could not be written there ({DiskSpace.Reason(e, _folder)}). "
                        + "Free space, choose another folder, or give more --memory; what is finished is kept.",
                    e
                );
            }
        }

        private Span<float> Buffer(int rows)
        {
            int length = checked(rows * HiddenSize);
            if (_buffer.Length < length)
                _buffer = new float[length];
            return _buffer.AsSpan(0, length);
        }

        private long Offset(int row) => (long)row * HiddenSize * sizeof(float);
    }
}
