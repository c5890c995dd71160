using NUnit.Framework;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tensors.Blocks;

namespace SvdSurgeon.Tests.Formats;

public unsafe class BlockTypeTests
{
    private static readonly DType[] BlockTypes =
    [
        DType.Q8_0,
        DType.Q4_0,
        DType.Q4_1,
        DType.Q5_0,
        DType.Q5_1,
        DType.Q2_K,
        DType.Q3_K,
        DType.Q4_K,
        DType.Q5_K,
        DType.Q6_K,
        DType.IQ4_NL,
        DType.IQ4_XS,
    ];

    private static readonly DType[] TypesWithVectorPath = [.. BlockTypes, DType.Q2_0];

    private static readonly DType[] GoldenTypes = [DType.F16, DType.BF16, .. BlockTypes];

    // Values: the reference dequantisation of random blocks.
    [TestCaseSource(nameof(GoldenTypes))]
    public void Widened_blocks_equal_the_golden_values(DType type)
    {
        using var golden = SafeTensorsFile.Open(GoldenFiles.Copied("files", "gguf-blocks.safetensors"));
        var blocks = golden[$"{type}.blocks"];
        float[] expected = golden[$"{type}.values"].ToSingles();
        var actual = new float[expected.Length];
        Widening.ToSingle(type, blocks.Address, actual);
        Assert.That(actual, Is.EqualTo(expected));
    }

    [TestCaseSource(nameof(BlockTypes))]
    public void Scalar_twin_equals_the_golden_values(DType type)
    {
        using var golden = SafeTensorsFile.Open(GoldenFiles.Copied("files", "gguf-blocks.safetensors"));
        float[] expected = golden[$"{type}.values"].ToSingles();
        var actual = new float[expected.Length];
        ScalarBlockWidening.ToSingle(type, (byte*)golden[$"{type}.blocks"].Address, actual);
        Assert.That(actual, Is.EqualTo(expected));
    }

    // d = 0.5; the bytes 0b11_10_01_00 and 0b00_00_00_11 in front, lowest two bits first.
    [Test]
    public void Q2_0_stands_for_minus_one_to_two_times_its_scale()
    {
        byte[] block = [0x00, 0x38, 0b11_10_01_00, 0b00_00_00_11, .. new byte[14]];
        var values = new float[64];
        fixed (byte* p = block)
            Widening.ToSingle(DType.Q2_0, (nint)p, values);
        Assert.That(values[..8], Is.EqualTo(new[] { -0.5f, 0, 0.5f, 1, 1, -0.5f, -0.5f, -0.5f }));
        var again = new byte[18];
        BlockNarrowing.FromSingle([.. values.Select(value => Math.Min(value, 0.5f))], DType.Q2_0, again);
        Assert.That(again, Is.EqualTo((byte[])[0x00, 0x38, 0b10_10_01_00, 0b00_00_00_10, .. new byte[14]]));
    }

    [TestCaseSource(nameof(TypesWithVectorPath))]
    public void Vector_path_equals_the_scalar_twin_on_random_bytes(DType type)
    {
        const int seed = 20260101;
        var random = new Random(seed);
        var (numbers, bytes) = type.Block();
        const int blocks = 200;
        var stored = new byte[blocks * bytes];
        random.NextBytes(stored);
        var scalar = new float[blocks * numbers];
        var vector = new float[scalar.Length];
        fixed (byte* p = stored)
        {
            ScalarBlockWidening.ToSingle(type, p, scalar);
            BlockWidening.ToSingle(type, p, vector);
        }
        for (int i = 0; i < scalar.Length; i++)
            Assert.That(vector[i], Is.EqualTo(scalar[i]), $"number {i}, seed {seed}");
    }

    [Test]
    public void Every_scale_is_the_half_that_is_stored()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            ushort stored = (ushort)bits;
            float expected = (float)BitConverter.UInt16BitsToHalf(stored),
                scale = ScalarBlockWidening.Scale((byte*)&stored);
            Assert.That(scale, Is.EqualTo(expected), $"0x{bits:x4}");
            Assert.That(float.IsNegative(scale), Is.EqualTo(float.IsNegative(expected)), $"0x{bits:x4}");
        }
    }

    [Test]
    public void Every_half_is_widened_exactly([Values(0, 3)] int offset)
    {
        var halves = new ushort[65536 + offset];
        for (int i = 0; i < 65536; i++)
            halves[i + offset] = (ushort)i;
        var widened = new float[65536];
        fixed (ushort* p = halves)
            Widening.ToSingle(DType.F16, (nint)(p + offset), widened);
        for (int i = 0; i < 65536; i++)
            Assert.That(widened[i], Is.EqualTo((float)BitConverter.UInt16BitsToHalf((ushort)i)), $"bits {i:X4}");
    }

    [Test]
    public void Every_bfloat_is_widened_exactly()
    {
        var stored = new ushort[65535]; // an odd length, so that the tail is covered as well
        for (int i = 0; i < stored.Length; i++)
            stored[i] = (ushort)i;
        var widened = new float[stored.Length];
        fixed (ushort* p = stored)
            Widening.ToSingle(DType.BF16, (nint)p, widened);
        for (int i = 0; i < stored.Length; i++)
            Assert.That(BitConverter.SingleToUInt32Bits(widened[i]), Is.EqualTo((uint)i << 16));
    }

    [TestCase(DType.F16), TestCase(DType.BF16)]
    public void Narrowing_a_widened_number_gives_it_back(DType type)
    {
        var stored = new ushort[65536];
        for (int i = 0; i < stored.Length; i++)
            stored[i] = (ushort)i;
        var widened = new float[stored.Length];
        var again = new byte[2 * stored.Length];
        fixed (ushort* p = stored)
            Widening.ToSingle(type, (nint)p, widened);
        Widening.FromSingle(widened, type, again);
        for (int i = 0; i < stored.Length; i++)
            if (!float.IsNaN(widened[i]))
                Assert.That(BitConverter.ToUInt16(again, 2 * i), Is.EqualTo(stored[i]));
    }

    [Test]
    public void Narrowing_to_bfloat_rounds_ties_to_even()
    {
        float[] values =
        [
            BitConverter.UInt32BitsToSingle(0x3F808000),
            BitConverter.UInt32BitsToSingle(0x3F818000),
            BitConverter.UInt32BitsToSingle(0x3F808001),
        ];
        var bytes = new byte[6];
        Widening.FromSingle(values, DType.BF16, bytes);
        Assert.That(
            new[] { BitConverter.ToUInt16(bytes, 0), BitConverter.ToUInt16(bytes, 2), BitConverter.ToUInt16(bytes, 4) },
            Is.EqualTo(new ushort[] { 0x3F80, 0x3F82, 0x3F81 })
        );
    }
}
