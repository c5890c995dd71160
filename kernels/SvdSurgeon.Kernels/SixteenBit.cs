using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>bf16 and fp16 from and to float32 by their bits, exact and rounding to nearest even, the same on every accelerator.</summary>
internal static class SixteenBit
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromBf16(uint bits) => Interop.IntAsFloat(bits << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromHalf(uint bits)
    {
        // Exponent and fraction moved up stand for a number 2¹¹² too small, subnormals included; multiplying puts that right.
        uint magnitude = (bits & 0x7FFFu) << 13;
        float scaled = Interop.IntAsFloat(magnitude) * 5.192296858534828e33f;
        uint finite = Interop.FloatAsInt(scaled);
        uint special = magnitude | 0x7F800000u;
        uint value = (bits & 0x7C00u) == 0x7C00u ? special : finite;
        return Interop.IntAsFloat(value | ((bits & 0x8000u) << 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float From(uint bits, int type) => type == StorageTypes.BF16 ? FromBf16(bits) : FromHalf(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ToBf16(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        uint rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
        return float.IsNaN(value) ? 0x7FC0u : rounded;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ToHalf(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        uint sign = (bits >> 16) & 0x8000u,
            a = bits & 0x7FFFFFFFu;
        // Below 2⁻¹⁴: adding one half makes the last place 2⁻²⁴, which is the last place of a subnormal half.
        uint subnormal = Interop.FloatAsInt(Interop.IntAsFloat(a) + 0.5f) - 0x3F000000u;
        uint normal = (a + 0xC8000FFFu + ((a >> 13) & 1u)) >> 13;
        uint special = a > 0x7F800000u ? 0x7E00u : 0x7C00u;
        uint magnitude =
            a >= 0x47800000u ? special
            : a < 0x38800000u ? subnormal
            : normal;
        return sign | magnitude;
    }
}
