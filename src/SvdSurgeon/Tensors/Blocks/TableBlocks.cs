namespace SvdSurgeon.Tensors.Blocks;

/// <summary>Blocks whose 4-bit numbers are indices into a table of uneven steps.</summary>
internal static class TableBlocks
{
    // Scales beside the first guess that are tried, to each side.
    private const int Tries = 7;

    /// <summary>fp16 d, then 32 indices into <see cref="ScalarBlockWidening.Iq4Values"/>; d has the least error weighted with x².</summary>
    public static void Iq4Nl(ReadOnlySpan<float> x, Span<byte> block)
    {
        var table = ScalarBlockWidening.Iq4Values;
        float extreme = RoundedBlocks.Extreme(x),
            scale = 0;
        if (Math.Abs(extreme) >= GridSearch.Nothing)
        {
            scale = -extreme / table[0];
            var (lx, l2) = Fit(x, 1 / scale);
            scale = l2 > 0 ? lx / l2 : 0;
            float best = scale * lx;
            for (int i = -Tries; i <= Tries; i++)
            {
                (lx, l2) = Fit(x, (i + table[0]) / extreme);
                if (!(l2 > 0 && lx * lx > best * l2))
                    continue;
                scale = lx / l2;
                best = scale * lx;
            }
        }
        RoundedBlocks.PutHalf(block, scale);
        float inverse = scale != 0 ? 1 / scale : 0;
        for (int i = 0; i < 16; i++)
            block[2 + i] = (byte)(Nearest(x[i] * inverse) | (Nearest(x[i + 16] * inverse) << 4));
    }

    // Σ w·q·x and Σ w·q², w = x²: what the best scale for these indices comes from.
    private static (float Lx, float L2) Fit(ReadOnlySpan<float> x, float inverse)
    {
        float lx = 0,
            l2 = 0;
        foreach (float value in x)
        {
            float q = ScalarBlockWidening.Iq4Values[Nearest(inverse * value)],
                w = value * value;
            lx += w * q * value;
            l2 += w * q * q;
        }
        return (lx, l2);
    }

    // Index of the nearest entry, the upper one halfway between two.
    private static int Nearest(float value)
    {
        var table = ScalarBlockWidening.Iq4Values;
        int index = 0;
        for (int step = table.Length / 2; step > 0; step /= 2)
            if (value + value >= table[index + step - 1] + table[index + step])
                index += step;
        return index;
    }
}
