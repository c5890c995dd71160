namespace SvdSurgeon.LinearAlgebra;

/// <summary>A dense float64 matrix in host memory, row-major: what decompositions work on.</summary>
internal sealed class Matrix
{
    /// <summary>A zero matrix.</summary>
    public Matrix(int rows, int columns)
        : this(rows, columns, new double[checked(rows * columns)]) { }

    /// <summary>A matrix over <paramref name="data"/>, row-major, not copied.</summary>
    public Matrix(int rows, int columns, double[] data)
    {
        if (data.Length != (long)rows * columns)
            throw new ArgumentException($"{data.Length} numbers cannot be a {rows} × {columns} matrix.", nameof(data));
        Rows = rows;
        Columns = columns;
        Data = data;
    }

    /// <summary>A matrix whose numbers are all written before one is read.</summary>
    internal static Matrix Uninitialized(int rows, int columns) =>
        new(rows, columns, GC.AllocateUninitializedArray<double>(checked(rows * columns)));

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Columns.</summary>
    public int Columns { get; }

    /// <summary>The numbers, row-major.</summary>
    public double[] Data { get; }

    /// <summary>Element (i, j).</summary>
    public ref double this[int i, int j] => ref Data[i * Columns + j];

    /// <summary>Row i.</summary>
    public Span<double> Row(int i) => Data.AsSpan(i * Columns, Columns);

    /// <summary>A deep copy.</summary>
    public Matrix Clone() => new(Rows, Columns, (double[])Data.Clone());

    /// <summary>The transpose, copied.</summary>
    public unsafe Matrix Transpose()
    {
        var t = Uninitialized(Columns, Rows);
        const int block = 32;
        fixed (
            double* from = Data,
                to = t.Data
        )
            for (int i = 0; i < Rows; i += block)
            for (int j = 0; j < Columns; j += block)
                Transposition.Transpose(
                    from + (nint)i * Columns + j,
                    Columns,
                    Math.Min(block, Columns - j),
                    Math.Min(block, Rows - i),
                    to + (nint)j * Rows + i,
                    Rows
                );
        return t;
    }

    /// <summary>The first <paramref name="count"/> rows from <paramref name="first"/>, copied.</summary>
    public Matrix RowRange(int first, int count) => new(count, Columns, Data.AsSpan(first * Columns, count * Columns).ToArray());

    /// <summary>Columns [first, first + count), copied.</summary>
    public Matrix ColumnRange(int first, int count)
    {
        var c = Uninitialized(Rows, count);
        for (int i = 0; i < Rows; i++)
            Row(i).Slice(first, count).CopyTo(c.Row(i));
        return c;
    }

    /// <summary>The given columns in the given order, copied.</summary>
    public Matrix SelectColumns(ReadOnlySpan<int> indices)
    {
        var c = Uninitialized(Rows, indices.Length);
        for (int i = 0; i < Rows; i++)
        for (int j = 0; j < indices.Length; j++)
            c.Data[i * indices.Length + j] = Data[i * Columns + indices[j]];
        return c;
    }

    /// <summary>The given rows in the given order, copied.</summary>
    public Matrix SelectRows(ReadOnlySpan<int> indices)
    {
        var c = Uninitialized(indices.Length, Columns);
        for (int i = 0; i < indices.Length; i++)
            Row(indices[i]).CopyTo(c.Row(i));
        return c;
    }

    /// <summary>The identity matrix.</summary>
    public static Matrix Identity(int n)
    {
        var m = new Matrix(n, n);
        for (int i = 0; i < n; i++)
            m.Data[i * n + i] = 1;
        return m;
    }

    /// <summary>float32 numbers, widened.</summary>
    public static Matrix FromSingles(int rows, int columns, ReadOnlySpan<float> values)
    {
        var m = new Matrix(rows, columns);
        for (int i = 0; i < values.Length; i++)
            m.Data[i] = values[i];
        return m;
    }

    /// <summary>The numbers rounded to float32, row-major.</summary>
    public float[] ToSingles()
    {
        var s = new float[Data.Length];
        for (int i = 0; i < s.Length; i++)
            s[i] = (float)Data[i];
        return s;
    }
}
