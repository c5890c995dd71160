using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SvdSurgeon.Tensors;

/// <summary>
/// Binary16 to binary32 without the conversion instruction, which the runtime does not offer; exact, subnormal and non-finite numbers
/// included.
/// </summary>
/// <remarks>
/// Exponent and fraction shifted to where binary32 has them make a number that is 2^112 too small; the product also normalizes subnormals.
/// Only infinity and NaN need their exponent set.
/// </remarks>
internal static class HalfBits
{
    private const int Exponent = 0x1F << 23,
        Infinity = 0x7F800000;

    // The bit of the sign, and the fifteen of exponent and fraction; between them stand copies of the sign.
    private const int Kept = unchecked((int)0x8FFFE000);

    private static float Power => BitConverter.Int32BitsToSingle(239 << 23);

    /// <summary>Widens binary16 bits, their sign extended to 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Widen(Vector<int> half)
    {
        var bits = (half << 13) & new Vector<int>(Kept);
        var special = Vector.Equals(bits & new Vector<int>(Exponent), new Vector<int>(Exponent)) & new Vector<int>(Infinity);
        return Vector.AsVectorSingle(Vector.AsVectorInt32(Vector.AsVectorSingle(bits) * new Vector<float>(Power)) | special);
    }

    /// <summary>The same for eight numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Vector256<int> half)
    {
        var bits = (half << 13) & Vector256.Create(Kept);
        var special = Vector256.Equals(bits & Vector256.Create(Exponent), Vector256.Create(Exponent)) & Vector256.Create(Infinity);
        return ((bits.AsSingle() * Vector256.Create(Power)).AsInt32() | special).AsSingle();
    }

    /// <summary>Widens one number.</summary>
    public static float Widen(short half)
    {
        int bits = (half << 13) & Kept;
        int special = (bits & Exponent) == Exponent ? Infinity : 0;
        return BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(BitConverter.Int32BitsToSingle(bits) * Power) | special);
    }
}
