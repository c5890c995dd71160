namespace SvdSurgeon.Tensors.Blocks;

/// <summary>
/// Searches for the scale of a few numbers, and their integers, that k-quants need. All in float32, in the order of llama.cpp's reference.
/// </summary>
internal static class GridSearch
{
    /// <summary>Groups whose largest number is below this are zero.</summary>
    public const float Nothing = 1e-15f;

    /// <summary>Nearest integer, ties to even; of the low 23 bits where the number is larger than that.</summary>
    public static int Nearest(float value) => (BitConverter.SingleToInt32Bits(value + 12582912f) & 0x007FFFFF) - 0x00400000;

    /// <summary>
    /// x ≈ scale · (l − half), l from 0 to 2·half − 1, least error weighted with x²: scales near half / max|x| are tried (Q6_K).
    /// </summary>
    public static float Symmetric(ReadOnlySpan<float> x, int half, Span<int> l)
    {
        float extreme = RoundedBlocks.Extreme(x);
        if (Math.Abs(extreme) < Nothing)
        {
            l.Clear();
            return 0;
        }
        float inverse = -half / extreme;
        var (lx, l2) = Fit(x, half, inverse);
        Round(x, half, inverse, l);
        float scale = l2 != 0 ? lx / l2 : 0,
            best = scale * lx;
        for (int i = -9; i <= 9; i++)
        {
            if (i == 0)
                continue;
            inverse = -(half + 0.1f * i) / extreme;
            (lx, l2) = Fit(x, half, inverse);
            if (!(l2 > 0 && lx * lx > best * l2))
                continue;
            Round(x, half, inverse, l);
            scale = lx / l2;
            best = scale * lx;
        }
        return scale;
    }

    /// <summary>
    /// x ≈ scale · (l − half), weighted with x²: from round(x · half / max|x|) on, single integers are changed while that makes the error
    /// less (Q3_K).
    /// </summary>
    public static float SymmetricByTurns(ReadOnlySpan<float> x, int half, Span<int> l)
    {
        float extreme = RoundedBlocks.Extreme(x);
        if (Math.Abs(extreme) < Nothing)
        {
            l.Clear();
            return 0;
        }
        float inverse = -half / extreme,
            lx = 0,
            l2 = 0;
        for (int i = 0; i < x.Length; i++)
        {
            l[i] = Math.Clamp(Nearest(inverse * x[i]), -half, half - 1);
            float w = x[i] * x[i];
            lx += w * x[i] * l[i];
            l2 += w * l[i] * l[i];
        }
        bool changed = true;
        for (int turn = 0; turn < 5 && changed; turn++)
        {
            changed = false;
            for (int i = 0; i < x.Length; i++)
            {
                float w = x[i] * x[i],
                    restX = lx - w * x[i] * l[i];
                if (!(restX > 0))
                    continue;
                float rest2 = l2 - w * l[i] * l[i];
                int q = Math.Clamp(Nearest(x[i] * rest2 / restX), -half, half - 1);
                if (q == l[i])
                    continue;
                restX += w * x[i] * q;
                rest2 += w * q * q;
                if (!(rest2 > 0 && restX * restX * l2 > lx * lx * rest2))
                    continue;
                (l[i], lx, l2, changed) = (q, restX, rest2, true);
            }
        }
        for (int i = 0; i < l.Length; i++)
            l[i] += half;
        return l2 > 0 ? lx / l2 : 0;
    }

    /// <summary>
    /// x ≈ scale · l − minimum, l from 0 to <paramref name="most"/> and minimum ≥ 0, by least squares over trial scales (first + step·i +
    /// most) / (max − min).
    /// </summary>
    /// <param name="x">Numbers.</param>
    /// <param name="weights">Weights of their errors.</param>
    /// <param name="most">Largest integer.</param>
    /// <param name="trials">The first trial, the step and the number of steps; absolute errors are weighed, or their squares.</param>
    /// <param name="l">Receives the integers.</param>
    public static (float Scale, float Minimum) Shifted(
        ReadOnlySpan<float> x,
        ReadOnlySpan<float> weights,
        int most,
        (float First, float Step, int Steps, bool Absolute) trials,
        Span<int> l
    )
    {
        float min = x[0],
            max = x[0],
            sumW = weights[0],
            sumX = sumW * x[0];
        for (int i = 1; i < x.Length; i++)
        {
            if (x[i] < min)
                min = x[i];
            if (x[i] > max)
                max = x[i];
            sumW += weights[i];
            sumX += weights[i] * x[i];
        }
        if (min > 0)
            min = 0;
        if (max == min)
        {
            l.Clear();
            return (0, -min);
        }
        float inverse = most / (max - min),
            scale = 1 / inverse;
        RoundShifted(x, inverse, min, most, l);
        float best = Error(x, weights, scale, min, l, trials.Absolute);
        Span<int> trial = stackalloc int[l.Length];
        for (int i = 0; i <= trials.Steps; i++)
        {
            inverse = (trials.First + trials.Step * i + most) / (max - min);
            RoundShifted(x, inverse, min, most, trial);
            float sumL = 0,
                sumL2 = 0,
                sumXl = 0;
            for (int j = 0; j < x.Length; j++)
            {
                float w = weights[j];
                sumL += w * trial[j];
                sumL2 += w * trial[j] * trial[j];
                sumXl += w * trial[j] * x[j];
            }
            float determinant = sumW * sumL2 - sumL * sumL;
            if (!(determinant > 0))
                continue;
            float thisScale = (sumW * sumXl - sumX * sumL) / determinant,
                thisMin = (sumL2 * sumX - sumL * sumXl) / determinant;
            if (thisMin > 0)
                (thisMin, thisScale) = (0, sumXl / sumL2);
            float error = Error(x, weights, thisScale, thisMin, trial, trials.Absolute);
            if (!(error < best))
                continue;
            trial.CopyTo(l);
            (best, scale, min) = (error, thisScale, thisMin);
        }
        return (scale, -min);
    }

    private static void RoundShifted(ReadOnlySpan<float> x, float inverse, float min, int most, Span<int> l)
    {
        for (int i = 0; i < x.Length; i++)
            l[i] = Math.Clamp(Nearest(inverse * (x[i] - min)), 0, most);
    }

    private static float Error(
        ReadOnlySpan<float> x,
        ReadOnlySpan<float> weights,
        float scale,
        float min,
        ReadOnlySpan<int> l,
        bool absolute
    )
    {
        float error = 0;
        for (int i = 0; i < x.Length; i++)
        {
            float difference = scale * l[i] + min - x[i];
            error += weights[i] * (absolute ? Math.Abs(difference) : difference * difference);
        }
        return error;
    }

    private static (float Lx, float L2) Fit(ReadOnlySpan<float> x, int half, float inverse)
    {
        float lx = 0,
            l2 = 0;
        foreach (float value in x)
        {
            int l = Math.Clamp(Nearest(inverse * value), -half, half - 1);
            float w = value * value;
            lx += w * value * l;
            l2 += w * l * l;
        }
        return (lx, l2);
    }

    private static void Round(ReadOnlySpan<float> x, int half, float inverse, Span<int> l)
    {
        for (int i = 0; i < x.Length; i++)
            l[i] = Math.Clamp(Nearest(inverse * x[i]), -half, half - 1) + half;
    }
}
