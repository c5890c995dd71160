using NUnit.Framework;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tensors.Blocks;

namespace SvdSurgeon.Interop.Tests;

/// <summary>Our rounding to block types against llama.cpp's own quantiser, byte for byte.</summary>
public class BlockNarrowingTests
{
    [TestCase(DType.Q8_0)]
    [TestCase(DType.Q4_0)]
    [TestCase(DType.Q4_1)]
    [TestCase(DType.Q5_0)]
    [TestCase(DType.Q5_1)]
    [TestCase(DType.IQ4_NL)]
    [TestCase(DType.Q2_0)]
    [TestCase(DType.Q2_K)]
    [TestCase(DType.Q3_K)]
    [TestCase(DType.Q4_K)]
    [TestCase(DType.Q5_K)]
    [TestCase(DType.Q6_K)]
    public void The_bytes_of_every_type_are_those_of_llama_cpp(DType type)
    {
        float[] numbers = Numbers();
        var (perBlock, bytesPerBlock) = type.Block();
        var ours = new byte[numbers.Length / perBlock * bytesPerBlock];
        BlockNarrowing.FromSingle(numbers, type, ours);
        byte[] theirs = GgmlQuantizer.Quantize(type, numbers, ours.Length);
        for (int block = 0; block < numbers.Length / perBlock; block++)
            Assert.That(
                ours.AsSpan(block * bytesPerBlock, bytesPerBlock).ToArray(),
                Is.EqualTo(theirs.AsSpan(block * bytesPerBlock, bytesPerBlock).ToArray()),
                $"block {block}"
            );
    }

    // Bell-shaped, heavy-tailed, one-sided, tiny, constant, with one outlier, and zero: 256 numbers of each, several times.
    private static float[] Numbers()
    {
        var random = new Random(7);
        var numbers = new float[256 * 70];
        for (int i = 0; i < numbers.Length; i++)
        {
            double bell = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            numbers[i] = (float)(
                (i / 256 % 7) switch
                {
                    0 => bell * 0.02,
                    1 => bell * bell * bell * 0.1,
                    2 => Math.Abs(bell) + 0.5,
                    3 => bell * 1e-9,
                    4 => 0.125,
                    5 => i % 256 == 100 ? 30 : bell * 0.01,
                    _ => 0,
                }
            );
        }
        return numbers;
    }
}
