namespace SvdSurgeon.Tensors;

/// <summary>A float32 matrix, row-major, in the memory of the backend that allocated it. Token-wise data is [tokens, features].</summary>
internal abstract class Tensor(int rows, int columns) : IDisposable
{
    /// <summary>Rows (tokens).</summary>
    public int Rows { get; } = rows;

    /// <summary>Columns (features).</summary>
    public int Columns { get; } = columns;

    /// <summary>Rows × columns.</summary>
    public long Length => (long)Rows * Columns;

    /// <summary>A view of <paramref name="count"/> rows from <paramref name="first"/>; disposing a view does nothing.</summary>
    public abstract Tensor RowRange(int first, int count);

    /// <summary>A view of the same numbers with another row length.</summary>
    public abstract Tensor Reshape(int rows, int columns);

    /// <summary>Returns the memory to the backend's pool.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns the memory.</summary>
    protected abstract void Dispose(bool disposing);
}
