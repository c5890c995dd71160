using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Backends.Blas;

/// <summary>Binary16 to binary32 without the conversion instruction, which the runtime does not offer.</summary>
internal static class HalfBits
{
    /// <summary>Widens binary16 bits in the lower halves of the lanes; exact, subnormal and non-finite numbers included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Widen(Vector<uint> half)
    {
        // The exponent and fraction shifted into place make a number that is 2^112 too small; the product also normalizes subnormals.
        var magnitude = (half & new Vector<uint>(0x7FFF)) << 13;
        var scaled = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) * new Vector<float>(BitConverter.UInt32BitsToSingle(0x77800000)));
        var exponent = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7C00 << 13)) & new Vector<uint>(0x7F800000);
        return Vector.AsVectorSingle(scaled | exponent | ((half & new Vector<uint>(0x8000)) << 16));
    }
}
