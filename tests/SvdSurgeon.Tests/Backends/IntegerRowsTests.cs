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
            int expected = 0,
                nibbles = 0;
            for (int i = 0; i < 32; i++)
            {
                expected += a[i] * b[i];
                nibbles += (a[i] & 15) * b[i];
            }
            Assert.That(Vector256.Sum(IntegerProducts.Signed(va, vb)), Is.EqualTo(expected));
            Assert.That(Vector256.Sum(IntegerProducts.Portable(va, vb)), Is.EqualTo(expected));
            Assert.That(Vector256.Sum(IntegerProducts.Nibbles(va.AsByte() & Vector256.Create((byte)15), vb)), Is.EqualTo(nibbles));
        }
    }

    // The definition in float64: activations rounded to multiples of max|x| / 127 of their block, weights as they are stored.
    [Test]
    public void A_product_is_that_of_the_rounded_activations(
        [Values(DType.Q8_0, DType.Q4_0, DType.Q4_1)] DType type,
        [Values(1, 5, 8)] int tokens,
        [Values(1, 3)] int threads
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
        float[] actual = Multiply(x, weight, bias, tokens, threads, integers: true);
        for (int t = 0; t < tokens; t++)
        for (int o = 0; o < Outputs; o++)
        {
            double expected = bias[o],
                size = Math.Abs(bias[o]);
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
    public void The_same_numbers_come_from_any_number_of_threads()
    {
        var weight = Stored(Numbers(Outputs * Inputs, 3), DType.Q4_1);
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
    public void An_activation_that_is_not_finite_makes_the_result_so([Values(float.NaN, float.PositiveInfinity)] float bad)
    {
        var weight = Stored(Numbers(Outputs * Inputs, 3), DType.Q8_0);
        float[] x = Numbers(Inputs, 2);
        x[100] = bad;
        Assert.That(Multiply(x, weight, null, 1, 1, integers: true), Has.All.Matches<float>(y => !float.IsFinite(y)));
    }

    private static float[] Multiply(float[] x, StoredTensor weight, float[]? bias, int tokens, int threads, bool integers)
    {
        using var backend = new CpuBackend(threads, integerProducts: integers);
        using var input = backend.Allocate(tokens, Inputs);
        using var output = backend.Allocate(tokens, Outputs);
        backend.Upload(x, input);
        backend.Linear(input, weight, bias is null ? null : StoredTensor.FromSingles("bias", [Outputs], bias), output);
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
