using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Quantization;

/// <summary>Rounding every number to the nearest of its grid.</summary>
internal static class Nearest
{
    /// <summary>Rounds W with the scales that are in <paramref name="result"/>.</summary>
    /// <param name="la">Runs rows side by side.</param>
    /// <param name="w">W, m × n.</param>
    /// <param name="result">Receives the integers.</param>
    /// <param name="positions">Receives W in units of the scales; may be null.</param>
    public static void Round(ILinearAlgebra la, Matrix w, QuantizedMatrix result, float[]? positions) =>
        la.ForEach(
            w.Rows,
            i =>
            {
                var row = new float[w.Columns];
                for (int j = 0; j < row.Length; j++)
                    row[j] = (float)w[i, j];
                Row(row, result, i);
                if (positions is null)
                    return;
                for (int j = 0; j < row.Length; j++)
                {
                    double scale = (double)result.Scales[i * result.GroupsPerRow + j / result.Grid.Group];
                    positions[i * row.Length + j] = scale == 0 ? 0 : (float)(w[i, j] / scale);
                }
            }
        );

    /// <summary>Rounds one row.</summary>
    public static void Row(ReadOnlySpan<float> row, QuantizedMatrix result, int i)
    {
        int n = result.Columns,
            group = result.Grid.Group;
        float least = result.Grid.Least,
            most = result.Grid.Most;
        for (int j = 0; j < n; j++)
        {
            float scale = (float)result.Scales[i * result.GroupsPerRow + j / group];
            result.Codes[i * n + j] = (sbyte)(scale == 0 ? 0 : Math.Clamp(MathF.Round(row[j] / scale), least, most));
        }
    }
}
