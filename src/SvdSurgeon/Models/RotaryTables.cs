using SvdSurgeon.Architectures;
using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Backends;

namespace SvdSurgeon.Models;

/// <summary>Rotary frequencies, and tables of them that grow with the positions in use.</summary>
internal sealed class RotaryTables(RotaryLayout layout)
{
    private double[]? _frequencies;
    private volatile RopeTable? _table;

    /// <summary>A table of at least <paramref name="positions"/> positions.</summary>
    public RopeTable Table(int positions)
    {
        var table = _table;
        if (table is null || table.Positions < positions)
            _table = table = new RopeTable(
                _frequencies ??= InverseFrequencies(layout),
                Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)positions))
            );
        return table;
    }

    /// <summary>θ^(−2i/d), i = 0…d/2 − 1, stretched as the configuration says; in float64 whatever the type of the weights.</summary>
    public static double[] InverseFrequencies(RotaryLayout layout)
    {
        var inverse = new double[layout.Dim / 2];
        var scaling = layout.Scaling;
        for (int i = 0; i < inverse.Length; i++)
        {
            double f = Math.Pow(layout.Theta, -2.0 * i / layout.Dim);
            inverse[i] = scaling.Type switch
            {
                "none" => f,
                "linear" => f / scaling.Factor,
                "llama3" => Llama3(f, scaling),
                _ => throw new InvalidModelException(
                    $"Rotary scaling '{scaling.Type}' (config.json) is not supported. Supported: none, linear, llama3."
                ),
            };
        }
        return inverse;
    }

    // Wavelengths beyond original/low are stretched, those below original/high are not, between them the two are mixed.
    private static double Llama3(double f, RopeScaling s)
    {
        double turns = s.OriginalMaxPositions * f / (2 * Math.PI);
        if (turns < s.LowFrequencyFactor)
            return f / s.Factor;
        if (turns > s.HighFrequencyFactor)
            return f;
        double share = (turns - s.LowFrequencyFactor) / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return (1 - share) * f / s.Factor + share * f;
    }
}
