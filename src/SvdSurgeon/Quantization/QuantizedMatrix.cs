using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Quantization;

/// <summary>A matrix on a grid: one integer for every number, one scale for every group of a row.</summary>
/// <param name="grid">The grid.</param>
/// <param name="rows">m.</param>
/// <param name="columns">n, a multiple of the grid's group.</param>
internal sealed class QuantizedMatrix(IntegerGrid grid, int rows, int columns)
{
    /// <summary>The grid.</summary>
    public IntegerGrid Grid { get; } = grid;

    /// <summary>m.</summary>
    public int Rows { get; } = rows;

    /// <summary>n.</summary>
    public int Columns { get; } = columns;

    /// <summary>Groups of one row.</summary>
    public int GroupsPerRow => Columns / Grid.Group;

    /// <summary>The integers, m × n, row-major.</summary>
    public sbyte[] Codes { get; } = new sbyte[checked(rows * columns)];

    /// <summary>The scales, m × n/group, row-major.</summary>
    public Half[] Scales { get; } = new Half[checked(rows * (columns / grid.Group))];

    /// <summary>Bytes on disk.</summary>
    public long Bytes => Grid.Bytes(Rows, Columns);

    /// <summary>scale · q of every number, exact in float32.</summary>
    public void Dequantize(Span<float> values)
    {
        int group = Grid.Group;
        for (int g = 0; g < Scales.Length; g++)
        {
            float scale = (float)Scales[g];
            var codes = Codes.AsSpan(g * group, group);
            var to = values.Slice(g * group, group);
            for (int j = 0; j < group; j++)
                to[j] = scale * codes[j];
        }
    }

    /// <summary>The same as a float64 matrix.</summary>
    public Matrix ToMatrix()
    {
        var values = new float[Codes.Length];
        Dequantize(values);
        return Matrix.FromSingles(Rows, Columns, values);
    }
}
