using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Onnx;

/// <summary>A matrix whose rows are widened to float32 when their turn comes: stored tensors of the same width on top of each
/// other.</summary>
internal sealed class WeightRows
{
    private readonly IReadOnlyList<StoredTensor> _parts;
    private readonly int _skipped;

    /// <param name="parts">Tensors of the same width.</param>
    /// <param name="skipped">Rows at the beginning that are left out.</param>
    public WeightRows(IReadOnlyList<StoredTensor> parts, int skipped = 0)
    {
        _parts = parts;
        _skipped = skipped;
        Rows = parts.Sum(part => part.Rows) - skipped;
    }

    /// <summary>One tensor.</summary>
    public WeightRows(StoredTensor tensor)
        : this([tensor]) { }

    /// <summary>Rows of all parts.</summary>
    public int Rows { get; }

    /// <summary>Width.</summary>
    public int Columns => _parts[0].Columns;

    /// <summary>Widens row <paramref name="row"/> into <paramref name="destination"/>.</summary>
    /// <exception cref="NumericalException">A number is not finite.</exception>
    public void Read(int row, Span<float> destination)
    {
        row += _skipped;
        foreach (var part in _parts)
        {
            if (row < part.Rows)
            {
                part.WidenRows(row, 1, destination);
                RequireFinite(destination, part);
                return;
            }
            row -= part.Rows;
        }
        throw new ArgumentOutOfRangeException(nameof(row));
    }

    private static void RequireFinite(ReadOnlySpan<float> values, StoredTensor tensor)
    {
        foreach (float value in values)
            if (!float.IsFinite(value))
                throw new NumericalException(
                    $"{tensor.Source}: tensor '{tensor.Name}' holds a number that is not finite ({value}). "
                        + "The model is damaged; take another copy."
                );
    }
}
