using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SvdSurgeon.Tensors;

/// <summary>
/// A read-only tensor in its storage type, usually a view into a memory-mapped model file: widened to float32 where it is used,
/// never as a whole. Row-major; a tensor of rank above 2 is seen as [product of the leading axes, last axis].
/// </summary>
internal sealed unsafe class StoredTensor
{
    private readonly object? _owner;
    private readonly nint _address;
    private readonly IntegerGroups? _groups;

    /// <param name="name">Hugging Face parameter name.</param>
    /// <param name="type">Storage type.</param>
    /// <param name="shape">Axes, outermost first.</param>
    /// <param name="address">First byte; valid as long as <paramref name="owner"/> lives.</param>
    /// <param name="owner">What keeps the memory alive: a file mapping or a pinned array.</param>
    /// <param name="source">File the tensor comes from, for error messages.</param>
    /// <param name="rowPermutation">When given, logical row i is stored as row rowPermutation[i] (GGUF keeps rotary rows
    /// interleaved).</param>
    public StoredTensor(string name, DType type, long[] shape, nint address, object? owner, string source, int[]? rowPermutation = null)
        : this(name, type, shape, address, owner, source, rowPermutation, null) { }

    private StoredTensor(
        string name,
        DType type,
        long[] shape,
        nint address,
        object? owner,
        string source,
        int[]? rowPermutation,
        IntegerGroups? groups
    )
    {
        _groups = groups;
        Name = name;
        Type = type;
        Shape = shape;
        _address = address;
        _owner = owner;
        Source = source;
        RowPermutation = rowPermutation;
        Columns = shape.Length == 0 ? 1 : checked((int)shape[^1]);
        // Not the count over the columns: a factor of rank 0 has rows without columns, and its module must know its outputs.
        long rows = 1;
        for (int axis = 0; axis < shape.Length - 1; axis++)
            rows = checked(rows * shape[axis]);
        Rows = checked((int)rows);
        Count = rows * Columns;
    }

    /// <summary>Hugging Face parameter name.</summary>
    public string Name { get; }

    /// <summary>Storage type.</summary>
    public DType Type { get; }

    /// <summary>Axes, outermost first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>First byte of the stored numbers.</summary>
    /// <exception cref="ObjectDisposedException">The file that holds them was unmapped.</exception>
    public nint Address
    {
        get
        {
            if (_owner is MappedFile file)
                ObjectDisposedException.ThrowIf(file.IsDisposed, file);
            return _address;
        }
    }

    /// <summary>File the tensor comes from.</summary>
    public string Source { get; }

    /// <summary>Logical row → stored row, or null when they are the same.</summary>
    public int[]? RowPermutation { get; }

    /// <summary>Product of all axes but the last.</summary>
    public int Rows { get; }

    /// <summary>The last axis.</summary>
    public int Columns { get; }

    /// <summary>How many numbers there are.</summary>
    public long Count { get; }

    /// <summary>Bits and scales of packed integers; null for every other type.</summary>
    internal IntegerGroups? Groups => _groups;

    /// <summary>Stored bytes of the whole tensor, scales included.</summary>
    public long ByteLength => _groups is null ? Type.ByteCount(Count) : Rows * RowBytes + _groups.Scales.ByteLength;

    /// <summary>Stored bytes of one row; of packed integers those of its words.</summary>
    public long RowBytes => _groups is null ? Type.ByteCount(Columns) : sizeof(uint) * IntegerGroups.Words(Columns, _groups.Bits);

    /// <summary>Address of a logical row.</summary>
    public nint RowAddress(int row) => Address + (nint)((RowPermutation is null ? row : RowPermutation[row]) * RowBytes);

    /// <summary>
    /// Widens <paramref name="count"/> logical rows from <paramref name="firstRow"/> into <paramref name="destination"/>, row-major.
    /// </summary>
    public void WidenRows(int firstRow, int count, Span<float> destination)
    {
        for (int i = 0; i < count; i++)
            WidenRow(firstRow + i, 0, destination.Slice(checked(i * Columns), Columns));
    }

    /// <summary>
    /// Widens a part of a logical row, from <paramref name="column"/> on, which is a multiple of the type's block: whole blocks, or up to
    /// the row's end.
    /// </summary>
    internal void WidenRow(int row, int column, Span<float> destination)
    {
        if (_groups is null)
            Widening.ToSingle(Type, RowAddress(row) + (nint)Type.ByteCount(column), destination);
        else
            _groups.Widen(RowPermutation is null ? row : RowPermutation[row], (byte*)RowAddress(row), RowBytes, column, destination);
        GC.KeepAlive(_owner);
    }

    /// <summary>All numbers, widened, row-major.</summary>
    public float[] ToSingles()
    {
        var all = new float[Count];
        for (int i = 0; i < Rows; i++)
            WidenRows(i, 1, all.AsSpan(i * Columns, Columns));
        return all;
    }

    /// <summary>The numbers of an F64 tensor, not copied; valid as long as the tensor's file is open.</summary>
    public ReadOnlySpan<double> Doubles() =>
        Type == DType.F64
            ? new ReadOnlySpan<double>((void*)Address, checked((int)Count))
            : throw new InvalidModelException($"{Source}: tensor '{Name}' is stored as {Type}, not as F64.");

    /// <summary>The same data under another name.</summary>
    public StoredTensor Rename(string name) => new(name, Type, [.. Shape], Address, _owner, Source, RowPermutation, _groups);

    /// <summary>True for packed integers, whose scales lie in a tensor of their own.</summary>
    public bool HasSeparateScales => _groups is not null;

    /// <summary>
    /// Packed integers in a type that is whole in itself, for a device that cannot follow two tensors: Q8_0 where that holds the same
    /// numbers, F32 else. In memory, rows in logical order.
    /// </summary>
    public StoredTensor Unpacked() =>
        IntegerBlocks.CanHold(this) ? IntegerBlocks.From(this) : FromSingles(Name, [.. Shape], ToSingles(), source: Source);

    /// <summary>The integers of a logical row without their scales.</summary>
    internal void WidenNumbers(int row, Span<float> destination)
    {
        _groups!.Widen(-1, (byte*)RowAddress(row), RowBytes, 0, destination);
        GC.KeepAlive(_owner);
    }

    /// <summary>These words as the integers that are packed in them.</summary>
    /// <param name="name">Name of the matrix.</param>
    /// <param name="shape">m × n.</param>
    /// <param name="groups">Bits and scales.</param>
    internal StoredTensor AsIntegers(string name, long[] shape, IntegerGroups groups) =>
        new(name, DTypes.Integer(groups.Bits), shape, Address, _owner, Source, null, groups);

    /// <summary>The same data under another name and in another row order: logical row i is what is now row order[i].</summary>
    internal StoredTensor WithRows(string name, int[] order) =>
        new(
            name,
            Type,
            [.. Shape],
            Address,
            _owner,
            Source,
            RowPermutation is null ? order : [.. order.Select(i => RowPermutation[i])],
            _groups
        );

    /// <summary>A float32 tensor over a copy of <paramref name="values"/>.</summary>
    public static StoredTensor FromSingles(
        string name,
        long[] shape,
        ReadOnlySpan<float> values,
        DType type = DType.F32,
        string source = "memory"
    )
    {
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)type.ByteCount(values.Length)), pinned: true);
        Widening.FromSingle(values, type, bytes);
        return FromBytes(name, type, shape, bytes, source);
    }

    /// <summary>A tensor over <paramref name="bytes"/>, which must be a pinned array.</summary>
    public static StoredTensor FromBytes(string name, DType type, long[] shape, byte[] bytes, string source = "memory") =>
        new(name, type, shape, (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(bytes)), bytes, source);
}
