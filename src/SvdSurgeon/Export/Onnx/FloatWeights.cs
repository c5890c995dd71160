using System.Runtime.InteropServices;
using SvdSurgeon.Formats.Onnx;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Onnx;

/// <summary>Weights as ONNX constants in float32 or float16, a few rows in memory at a time.</summary>
internal static class FloatWeights
{
    private const float LargestHalf = 65504f;
    private const float RoundsToInfinityHalf = 65520f;

    // Float32 numbers of a transposed matrix that are in memory at once: 128 MiB.
    private const int BandNumbers = 1 << 25;

    // Rows that are transposed together, so that a cache line is filled before the next one is touched.
    private const int TileRows = 16;

    /// <summary>Tensors of one axis after each other, such as the biases of q, k and v.</summary>
    public static OnnxInitializer Vector(string name, OnnxElement element, params IReadOnlyList<StoredTensor> parts) =>
        new(
            name,
            element,
            [parts.Sum(part => part.Count)],
            stream =>
            {
                foreach (var part in parts)
                {
                    var values = new float[part.Count];
                    new WeightRows(part).Read(0, values);
                    Write(stream, values, element, name);
                }
            }
        );

    /// <summary>1 + the numbers of a tensor of one axis.</summary>
    public static OnnxInitializer OnePlus(string name, OnnxElement element, StoredTensor tensor) =>
        new(
            name,
            element,
            [tensor.Count],
            stream =>
            {
                var values = new float[tensor.Count];
                new WeightRows(tensor).Read(0, values);
                for (int i = 0; i < values.Length; i++)
                    values[i] += 1;
                Write(stream, values, element, name);
            }
        );

    /// <summary>The matrix as it is, [rows, columns].</summary>
    public static OnnxInitializer Rows(string name, OnnxElement element, WeightRows matrix) =>
        new(
            name,
            element,
            [matrix.Rows, matrix.Columns],
            stream =>
            {
                var row = new float[matrix.Columns];
                for (int i = 0; i < matrix.Rows; i++)
                {
                    matrix.Read(i, row);
                    Write(stream, row, element, name);
                }
            }
        );

    /// <summary>The transposed matrix, [columns, rows], as the second operand of MatMul.</summary>
    public static OnnxInitializer Transposed(string name, OnnxElement element, WeightRows matrix) =>
        new(name, element, [matrix.Columns, matrix.Rows], stream => WriteTransposed(stream, matrix, element, name));

    /// <summary>Writes float32 numbers as <paramref name="element"/>.</summary>
    /// <exception cref="NumericalException">A number is too large for float16.</exception>
    public static void Write(Stream stream, ReadOnlySpan<float> values, OnnxElement element, string name)
    {
        if (element == OnnxElement.Float)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }
        var halves = new Half[values.Length];
        for (int i = 0; i < halves.Length; i++)
        {
            if (Math.Abs(values[i]) >= RoundsToInfinityHalf)
                throw new NumericalException($"'{name}' holds {values[i]:G6}, float16 ends at {LargestHalf}. Use --type f32.");
            halves[i] = (Half)values[i];
        }
        stream.Write(MemoryMarshal.AsBytes<Half>(halves));
    }

    private static void WriteTransposed(Stream stream, WeightRows matrix, OnnxElement element, string name)
    {
        int rows = matrix.Rows,
            columns = matrix.Columns;
        if (rows == 0 || columns == 0)
            return;
        int width = Math.Clamp(BandNumbers / rows, 1, columns);
        var tile = new float[TileRows * columns];
        var band = new float[(long)width * rows];
        for (int first = 0; first < columns; first += width)
        {
            int count = Math.Min(width, columns - first);
            for (int row = 0; row < rows; row += TileRows)
            {
                int height = Math.Min(TileRows, rows - row);
                for (int i = 0; i < height; i++)
                    matrix.Read(row + i, tile.AsSpan(i * columns, columns));
                for (int j = 0; j < count; j++)
                for (int i = 0; i < height; i++)
                    band[(long)j * rows + row + i] = tile[i * columns + first + j];
            }
            for (int j = 0; j < count; j++)
                Write(stream, band.AsSpan(j * rows, rows), element, name);
        }
    }
}
