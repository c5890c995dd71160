using System.Runtime.Intrinsics;
using NUnit.Framework;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tensors.Blocks;

namespace SvdSurgeon.Tests.Backends;

public class IntegerRowsTests
{
    private const int Outputs = 70,
        Inputs = 32 * 19;

    [Test]
    public void Products_of_integers_are_exact_with_the_processors_instructions()
    {
        var random = new Random(1);
        Span<sbyte> a = stackalloc sbyte[32],
            b = stackalloc sbyte[32];
        for (int trial = 0; trial < 1000; trial++)
        {
            bool extreme = trial % 3 == 0;
            for (int i = 0; i < 32; i++)
                (a[i], b[i]) = (
                    (sbyte)(extreme ? -128 : random.Next(-128, 128)),
                    (sbyte)(extreme ? 127 - trial % 2 * 254 : random.Next(-127, 128))
                );
            Vector256<sbyte> va = Vector256.Create<sbyte>(a),
                vb = Vector256.Create<sbyte>(b);
            int[] expected = new int[8],
                nibbles = new int[8];
            for (int i = 0; i < 32; i++)
            {
                expected[i / 4] += a[i] * b[i];
                nibbles[i / 4] += (a[i] & 15) * b[i];
            }
            Assert.That(IntegerProducts.Signed(va, vb), Is.EqualTo(Vector256.Create(expected)));
            Assert.That(IntegerProducts.Portable(va, vb), Is.EqualTo(Vector256.Create(expected)));
            Assert.That(IntegerProducts.Nibbles(va.AsByte() & Vector256.Create((byte)15), vb), Is.EqualTo(Vector256.Create(nibbles)));
        }
    }

    [Test]
    public unsafe void Eight_rows_at_once_are_exact_up_to_the_largest_numbers()
    {
        var random = new Random(1);
        byte* halves = stackalloc byte[InterleavedNibbles.BlockBytes];
        sbyte* x = stackalloc sbyte[32];
        for (int trial = 0; trial < 1000; trial++)
        {
            bool extreme = trial % 3 == 0;
            for (int i = 0; i < InterleavedNibbles.BlockBytes; i++)
                halves[i] = (byte)(extreme ? 255 : random.Next(256));
            for (int i = 0; i < 32; i++)
                x[i] = (sbyte)(extreme ? 127 - trial % 2 * 254 : random.Next(-127, 128));
            int[] expected = new int[8];
            for (int row = 0; row < 8; row++)
            for (int column = 0; column < 16; column++)
            {
                int both = halves[column / 4 * 32 + row * 4 + column % 4];
                expected[row] += (both & 15) * x[column] + (both >> 4) * x[16 + column];
            }
            Assert.That(IntegerProducts.EightRows(halves, x), Is.EqualTo(Vector256.Create(expected)));
        }
    }

    // The definition in float64: activations rounded to multiples of max|x| / 127 of their block, weights as they are stored.
    [Test]
    public void A_product_is_that_of_the_rounded_activations(
        [Values(DType.Q8_0, DType.Q4_0, DType.Q4_1)] DType type,
        [Values(1, 5, 8)] int tokens,
        [Values(1, 3)] int threads,
        [Values] bool accumulate
    )
    {
        float[] x = Numbers(tokens * Inputs, 2),
            w = Numbers(Outputs * Inputs, 3),
            bias = Numbers(Outputs, 4);
        var weight = Stored(w, type);
        float[] stored = weight.ToSingles();
        var rounded = new double[x.Length];
        for (int block = 0; block < x.Length; block += 32)
        {
            float most = x.AsSpan(block, 32).ToArray().Max(MathF.Abs);
            for (int i = block; i < block + 32; i++)
                rounded[i] = most == 0 ? 0 : Math.Round(x[i] * (127 / most), MidpointRounding.ToEven) * (double)(most / 127);
        }
        float before = accumulate ? 0.5f : 0;
        float[] actual = Multiply(x, weight, bias, tokens, threads, integers: true, accumulate ? before : null);
        for (int t = 0; t < tokens; t++)
        for (int o = 0; o < Outputs; o++)
        {
            double expected = before + bias[o],
                size = before + Math.Abs(bias[o]);
            for (int i = 0; i < Inputs; i++)
            {
                double product = rounded[t * Inputs + i] * stored[o * Inputs + i];
                expected += product;
                size += Math.Abs(product);
            }
            Assert.That(actual[t * Outputs + o], Is.EqualTo(expected).Within(3e-7 * size), $"token {t}, output {o}");
        }
    }

    [Test]
    public void The_same_numbers_come_from_any_number_of_threads([Values(DType.Q8_0, DType.Q4_0, DType.Q4_1)] DType type)
    {
        var weight = Stored(Numbers(Outputs * Inputs, 3), type);
        float[] x = Numbers(3 * Inputs, 2);
        Assert.That(Multiply(x, weight, null, 3, 4, integers: true), Is.EqualTo(Multiply(x, weight, null, 3, 1, integers: true)));
    }

    [Test]
    public void A_backend_that_was_not_told_to_round_does_not()
    {
        var weight = Stored(Numbers(Outputs * Inputs, 3), DType.Q8_0);
        float[] x = Numbers(Inputs, 2);
        Assert.That(Multiply(x, weight, null, 1, 1, integers: false), Is.Not.EqualTo(Multiply(x, weight, null, 1, 1, integers: true)));
    }

    [Test]
    public void An_activation_that_is_not_finite_makes_the_result_so(
        [Values(DType.Q8_0, DType.Q4_0, DType.Q4_1)] DType type,
        [Values(float.NaN, float.PositiveInfinity)] float bad
    )
    {
        var weight = Stored(Numbers(Outputs * Inputs, 3), type);
        float[] x = Numbers(Inputs, 2);
        x[100] = bad;
        Assert.That(Multiply(x, weight, null, 1, 1, integers: true), Has.All.Matches<float>(y => !float.IsFinite(y)));
    }

    // GGUF keeps rotary rows in another order.
    [Test]
    public void Rows_that_are_stored_in_another_order_are_multiplied_in_their_own()
    {
        var weight = Stored(Numbers(Outputs * Inputs, 3), DType.Q4_0);
        int[] order = [.. Enumerable.Range(0, Outputs).Select(i => (i * 3 + 5) % Outputs)];
        float[] x = Numbers(Inputs, 2),
            plain = Multiply(x, weight, null, 1, 1, integers: true),
            permuted = Multiply(x, weight.WithRows("w", order), null, 1, 1, integers: true);
        Assert.That(permuted, Is.EqualTo(order.Select(i => plain[i])));
    }

    private static float[] Multiply(
        float[] x,
        StoredTensor weight,
        float[]? bias,
        int tokens,
        int threads,
        bool integers,
        float? addTo = null
    )
    {
        using var backend = new CpuBackend(threads, integerProducts: integers);
        using var input = backend.Allocate(tokens, Inputs);
        using var output = backend.Allocate(tokens, Outputs);
        backend.Upload(x, input);
        backend.Fill(output, addTo ?? float.NaN);
        var stored = bias is null ? null : StoredTensor.FromSingles("bias", [Outputs], bias);
        backend.Linear(input, weight, stored, output, accumulate: addTo is not null);
        var result = new float[tokens * Outputs];
        backend.Download(output, result);
        return result;
    }

    private static StoredTensor Stored(float[] numbers, DType type)
    {
        var bytes = GC.AllocateArray<byte>((int)type.ByteCount(numbers.Length), pinned: true);
        BlockNarrowing.FromSingle(numbers, type, bytes);
        return StoredTensor.FromBytes("w", type, [Outputs, Inputs], bytes);
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
