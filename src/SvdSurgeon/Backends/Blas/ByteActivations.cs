using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Backends.Blas;

/// <summary>
/// Activations rounded to 8 bits in blocks of 32, as llama.cpp does before it multiplies with block types: x ≈ d·q with d = max|x| / 127
/// and q from −127 to 127.
/// </summary>
/// <param name="q">Integers, [tokens, inputs].</param>
/// <param name="scales">d of each block, [tokens, inputs / 32].</param>
/// <param name="sums">d·Σq of each block, for weights whose integers are shifted.</param>
internal readonly unsafe struct ByteActivations(sbyte* q, float* scales, float* sums)
{
    /// <summary>Numbers per block.</summary>
    public const int Block = 32;

    /// <summary>Integers, [tokens, inputs].</summary>
    public sbyte* Q => q;

    /// <summary>d of each block.</summary>
    public float* Scales => scales;

    /// <summary>d·Σq of each block.</summary>
    public float* Sums => sums;

    /// <summary>Bytes that <see cref="Round"/> needs for <paramref name="numbers"/> activations.</summary>
    public static nuint Bytes(long numbers) => (nuint)(numbers + 2 * (numbers / Block) * sizeof(float));

    /// <summary>Rounds whole blocks. A number that is not finite makes its block's scale so, and the result with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ByteActivations Round(float* x, long numbers, void* memory)
    {
        long blocks = numbers / Block;
        var scales = (float*)memory;
        var sums = scales + blocks;
        var q = (sbyte*)(sums + blocks);
        for (long b = 0; b < blocks; b++, x += Block, q += Block)
        {
            Vector256<float> a0 = Vector256.Load(x),
                a1 = Vector256.Load(x + 8),
                a2 = Vector256.Load(x + 16),
                a3 = Vector256.Load(x + 24);
            var largest = Vector256.Max(
                Vector256.Max(Vector256.Abs(a0), Vector256.Abs(a1)),
                Vector256.Max(Vector256.Abs(a2), Vector256.Abs(a3))
            );
            float most = Largest(largest);
            scales[b] = most / 127;
            var inverse = Vector256.Create(most == 0 ? 0 : 127 / most);
            Vector256<int> i0 = Nearest(a0 * inverse),
                i1 = Nearest(a1 * inverse),
                i2 = Nearest(a2 * inverse),
                i3 = Nearest(a3 * inverse);
            sums[b] = scales[b] * Vector256.Sum(i0 + i1 + (i2 + i3));
            Vector256.Narrow(Vector256.Narrow(i0, i1), Vector256.Narrow(i2, i3)).Store(q);
        }
        return new ByteActivations(q - numbers, scales, sums);
    }

    private static Vector256<int> Nearest(Vector256<float> x) => Vector256.ConvertToInt32(Vector256.Round(x));

    private static float Largest(Vector256<float> x)
    {
        var half = Vector128.Max(x.GetLower(), x.GetUpper());
        half = Vector128.Max(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(half[0], half[1]);
    }
}
