using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace SvdSurgeon.Tensors;

/// <summary>A whole file mapped read-only into memory: pages are read when they are touched, nothing is copied.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private nint _address;
    private int _disposed;

    /// <summary>Maps the file at <paramref name="path"/>.</summary>
    /// <exception cref="InvalidModelException">The file does not exist or cannot be read.</exception>
    public MappedFile(string path)
    {
        FilePath = path;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            Length = stream.Length;
            if (Length == 0)
                return; // an empty file cannot be mapped
            _map = MemoryMappedFile.CreateFromFile(
                stream,
                null,
                0,
                MemoryMappedFileAccess.Read,
                HandleInheritability.None,
                leaveOpen: false
            );
            _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidModelException($"{path}: the file does not exist. Check the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new InvalidModelException($"{path}: the file cannot be read ({e.Message.TrimEnd('.')}). Check its permissions.", e);
        }
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _address = (nint)(pointer + _view.PointerOffset);
        if (LargeFilePointer.Is(Span(0, (int)Math.Min(Length, LargeFilePointer.Length))))
        {
            Release();
            throw new InvalidModelException(LargeFilePointer.Sentence(path));
        }
    }

    /// <summary>Unmaps a file that nobody disposed and no tensor refers to any more.</summary>
    ~MappedFile() => Release();

    /// <summary>The path the file was opened by.</summary>
    public string FilePath { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length { get; }

    /// <summary>True after <see cref="Dispose"/>: the address is gone.</summary>
    public bool IsDisposed => _disposed != 0;

    /// <summary>First byte of the file; valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The file was unmapped.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            return _address;
        }
    }

    /// <summary>A span over <paramref name="count"/> bytes from <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the file.</exception>
    public ReadOnlySpan<byte> Span(long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - count);
        return count == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref *(byte*)(Address + (nint)offset), count);
    }

    /// <summary>Unmaps the file; tensors that look into it throw <see cref="ObjectDisposedException"/> from then on.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (_address != 0)
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _address = 0;
        _view?.Dispose();
        _map?.Dispose();
    }
}
