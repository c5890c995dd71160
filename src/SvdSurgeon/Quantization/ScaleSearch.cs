using System.Numerics;

namespace SvdSurgeon.Quantization;

/// <summary>
/// The scale of one group that minimises Σ_j h_j (w_j − scale·q_j)² with q_j = w_j/scale rounded and clamped: candidates around the scale
/// that fits the largest number, of both signs, each followed by the scale that is best for its integers, Σ h w q / Σ h q² (the closed form
/// of llama.cpp's and AWQ's searches).
/// </summary>
internal static class ScaleSearch
{
    private const int Candidates = 20;

    /// <summary>The best scale, rounded to fp16; 0 where all numbers are.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="w">Numbers of the group.</param>
    /// <param name="h">Their weights, at least 0.</param>
    /// <exception cref="NumericalException">A number is too large for a scale in fp16.</exception>
    public static Half Best(IntegerGrid grid, ReadOnlySpan<float> w, ReadOnlySpan<float> h)
    {
        float largest = 0;
        foreach (float x in w)
            largest = Math.Max(largest, Math.Abs(x));
        if (largest == 0)
            return Half.Zero;
        // With few integers the best scale cuts off far more of the tail.
        float longest = -grid.Least,
            shortest = grid.Bits switch
            {
                2 => 0.35f,
                3 => 0.5f,
                4 => 0.65f,
                5 => 0.8f,
                _ => 0.9f,
            };
        float best = float.NegativeInfinity,
            scale = 0;
        for (int c = 0; c < Candidates; c++)
        {
            // From the scale that cuts off most to the one that takes the largest number on the shorter side.
            float t = shortest + (1.02f * longest / grid.Most - shortest) * c / (Candidates - 1);
            for (int sign = -1; sign <= 1; sign += 2)
            {
                var (wq, qq) = Products(grid, w, h, sign * t * largest / longest);
                // Σ h (w − s q)² at the best s is Σ h w² − (Σ h w q)² / Σ h q².
                float gain = qq > 0 ? wq * (wq / qq) : 0;
                if (gain > best)
                    (best, scale) = (gain, qq > 0 ? wq / qq : sign * t * largest / longest);
            }
        }
        var rounded = (Half)scale;
        if (!Half.IsFinite(rounded))
            throw new NumericalException($"A weight of {largest:G3} is too large for a grid whose scales are fp16.");
        return rounded;
    }

    // Σ h w q and Σ h q² of the integers that a scale gives.
    private static (float WQ, float QQ) Products(IntegerGrid grid, ReadOnlySpan<float> w, ReadOnlySpan<float> h, float scale)
    {
        float inverse = 1 / scale,
            least = grid.Least,
            most = grid.Most;
        Vector<float> wq = default,
            qq = default;
        int j = 0;
        for (; j <= w.Length - Vector<float>.Count; j += Vector<float>.Count)
        {
            Vector<float> x = new(w[j..]),
                weight = new(h[j..]);
            var q = Vector.Min(Vector.Max(Vector.Round(x * inverse), new Vector<float>(least)), new Vector<float>(most));
            var weighted = weight * q;
            wq += weighted * x;
            qq += weighted * q;
        }
        float sumWQ = Vector.Sum(wq),
            sumQQ = Vector.Sum(qq);
        for (; j < w.Length; j++)
        {
            float q = Math.Clamp(MathF.Round(w[j] * inverse), least, most);
            sumWQ += h[j] * q * w[j];
            sumQQ += h[j] * q * q;
        }
        return (sumWQ, sumQQ);
    }
}
