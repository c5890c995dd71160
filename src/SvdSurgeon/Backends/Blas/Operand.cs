using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// One factor of a product, seen as rows that run either along k or along the panels' width; numbers in memory, or a stored tensor
/// that is widened a few rows at a time while it is packed.
/// </summary>
internal readonly unsafe struct Operand<T>
    where T : unmanaged
{
    private const int RowsAtOnce = 16;

    private readonly T* _data;
    private readonly nint _stride;
    private readonly bool _rowsAlongK;
    private readonly StoredTensor? _stored;

    /// <summary>Row-major numbers.</summary>
    public Operand(T* data, nint stride, bool rowsAlongK)
    {
        _data = data;
        _stride = stride;
        _rowsAlongK = rowsAlongK;
    }

    /// <summary>A stored weight; T is float.</summary>
    public Operand(StoredTensor stored, bool rowsAlongK)
    {
        _rowsAlongK = rowsAlongK;
        _stride = stored.Columns;
        // Plain float32 rows in order need no widening.
        if (stored.Type == DType.F32 && stored.RowPermutation is null)
            _data = (T*)stored.Address;
        else
            _stored = stored;
    }

    /// <summary>Numbers in memory that can be read as they are, without widening.</summary>
    public bool IsMemory => _stored is null;

    /// <summary>The first of them.</summary>
    public T* Memory => _data;

    /// <summary>From one row to the next, in numbers.</summary>
    public nint Stride => _stride;

    /// <summary>Whether a row runs at one step of k along the panels' width, not along k.</summary>
    public bool RowsAlongK => _rowsAlongK;

    /// <summary>Numbers along a row that are widened together; a part of a row begins at a multiple of it.</summary>
    public int Block => _stored?.Type.Block().Numbers ?? 1;

    /// <summary>Minus these numbers: a product with them is subtracted.</summary>
    /// <exception cref="NotSupportedException">They are a stored tensor's, which is packed row by row.</exception>
    public bool IsNegated
    {
        get;
        init => field = !value || IsMemory ? value : throw new NotSupportedException("A stored tensor cannot be subtracted.");
    }

    /// <summary>Into how many independent parts the packing of a block is cut.</summary>
    public int Parts(int count, int k, int width) => PartsAreRows ? Ceiling(k, RowsAtOnce) : Ceiling(count, width * PanelsAtOnce(width));

    /// <summary>
    /// Packs one part of the block [first, first + count) × [kFirst, kFirst + k) into panels of the given width, each [k][width].
    /// </summary>
    public void Pack(int part, int first, int count, int kFirst, int k, int width, T* panels)
    {
        if (PartsAreRows)
        {
            PackRowsAlongK(part * RowsAtOnce, Math.Min(RowsAtOnce, k - part * RowsAtOnce), first, count, kFirst, k, width, panels);
            return;
        }
        int begin = part * PanelsAtOnce(width),
            end = Math.Min(begin + PanelsAtOnce(width), Ceiling(count, width));
        T* packed = panels + (nint)begin * width * k;
        if (_rowsAlongK)
        {
            int columns = Math.Min(end * width, count) - begin * width;
            for (int row = 0; row < k; row += RowsAtOnce)
                PackRowsAlongK(row, Math.Min(RowsAtOnce, k - row), first + begin * width, columns, kFirst, k, width, packed);
        }
        else
            for (int panel = begin; panel < end; panel++)
                PackPanel(
                    first + panel * width,
                    Math.Min(width, count - panel * width),
                    kFirst,
                    k,
                    width,
                    panels + (nint)panel * width * k
                );
        if (IsNegated)
            Vectors.Negate(packed, (end - begin) * width * k);
    }

    // Rows along k are cut along the panels, so that a thread packs what it will multiply; stored ones by whole rows, which are widened
    // once.
    private bool PartsAreRows => _rowsAlongK && _stored is not null;

    private static int PanelsAtOnce(int width) => Math.Max(1, 64 / width);

    private static int Ceiling(int a, int b) => (a + b - 1) / b;

    private void PackRowsAlongK(int row, int rows, int first, int count, int kFirst, int k, int width, T* panels)
    {
        T* source = _data + (nint)(kFirst + row) * _stride + first;
        nint stride = _stride;
        using var buffer = new Workspace(_stored is null ? 0 : (nuint)rows * (nuint)count * sizeof(float));
        if (_stored is not null)
        {
            source = (T*)buffer.Pointer;
            stride = count;
            for (int i = 0; i < rows; i++)
                Widen(kFirst + row + i, first, count, source + i * stride);
        }
        for (int j = 0; j < count; j += width)
            Packing.Copy(source + j, stride, rows, Math.Min(width, count - j), width, panels + (nint)j * k + (nint)row * width);
    }

    private void PackPanel(int first, int count, int kFirst, int k, int width, T* panel)
    {
        if (_stored is null)
        {
            Packing.Transpose(_data + first * _stride + kFirst, _stride, k, count, width, panel);
            return;
        }
        // Widened so many numbers a row that the panel's rows stay in the first-level cache, and whole blocks of the storage type.
        const int atOnce = 256;
        using var buffer = new Workspace((nuint)(count * atOnce * sizeof(float)));
        for (int p = 0; p < k; p += atOnce)
        {
            int steps = Math.Min(atOnce, k - p);
            for (int i = 0; i < count; i++)
                Widen(first + i, kFirst + p, steps, (T*)buffer.Pointer + i * atOnce);
            Packing.Transpose((T*)buffer.Pointer, atOnce, steps, count, width, panel + (nint)p * width);
        }
    }

    private void Widen(int row, int column, int count, T* to) => _stored!.WidenRow(row, column, new Span<float>(to, count));
}
