using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>Rotary position embedding.</summary>
public static class RopeKernels
{
    /// <summary>
    /// Rotates the pairs (x_i, x_{i+half}), i below half, of every head in place by the angle of the token's position, start + t mod T;
    /// what follows them in the head stays. x: B·T × heads·d; cos, sin: positions × half, tabulated on the host in double because the
    /// device's sine is approximate. sign −1 is the inverse rotation, which
    /// is the backward pass. One thread per pair, the grid striding over all. Launch (min(⌈N/g⌉, 32 a multiprocessor), g), N pairs; no
    /// shared memory. Reads and writes 4 bytes per number; 6 FLOPs per pair: memory bound.
    /// </summary>
    public static void Rope(
        ArrayView<float> x,
        ArrayView<float> cos,
        ArrayView<float> sin,
        int columns,
        int headDim,
        int half,
        int sequenceLength,
        int start,
        float sign
    )
    {
        int pairs = columns / headDim * half;
        long total = x.Length / columns * pairs;
        for (long i = Grid.GlobalLinearIndex, step = Grid.DimX * (long)Group.DimX; i < total; i += step)
        {
            int row = (int)(i / pairs),
                pair = (int)(i - (long)row * pairs);
            int head = pair / half,
                k = pair - head * half;
            int angle = (start + row % sequenceLength) * half + k;
            long at = (long)row * columns + head * headDim + k;
            float c = cos[angle],
                s = sign * sin[angle];
            float a = x[at],
                b = x[at + half];
            x[at] = a * c - b * s;
            x[at + half] = b * c + a * s;
        }
    }
}
