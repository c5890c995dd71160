namespace SvdSurgeon.Backends;

/// <summary>
/// Cosines and sines of the rotary embedding, computed in double: [positions, headDim/2]. Halves are rotated as (x_i, x_{i+d/2}).
/// </summary>
internal sealed class RopeTable
{
    /// <param name="inverseFrequencies">headDim/2 angular frequencies.</param>
    /// <param name="positions">How many positions to tabulate.</param>
    public RopeTable(ReadOnlySpan<double> inverseFrequencies, int positions)
    {
        HalfDim = inverseFrequencies.Length;
        Positions = positions;
        Cos = new float[positions * HalfDim];
        Sin = new float[positions * HalfDim];
        for (int p = 0; p < positions; p++)
        for (int i = 0; i < HalfDim; i++)
        {
            var (sin, cos) = Math.SinCos(p * inverseFrequencies[i]);
            Cos[p * HalfDim + i] = (float)cos;
            Sin[p * HalfDim + i] = (float)sin;
        }
    }

    /// <summary>headDim / 2.</summary>
    public int HalfDim { get; }

    /// <summary>Tabulated positions.</summary>
    public int Positions { get; }

    /// <summary>Cosines, [positions, headDim/2].</summary>
    public float[] Cos { get; }

    /// <summary>Sines, [positions, headDim/2].</summary>
    public float[] Sin { get; }
}
