namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>TF32, the format of the tensor cores' float32 inputs: the exponent of float32 and 10 bits of fraction.</summary>
internal static class TensorFloat
{
    private const int DroppedBits = 13;

    /// <summary>To nearest, ties to even. NVIDIA does not say how cuBLAS rounds; cutting off would at most double the error.</summary>
    public static void Round(Span<float> values)
    {
        foreach (ref float value in values)
        {
            if (!float.IsFinite(value))
                continue;
            uint bits = BitConverter.SingleToUInt32Bits(value);
            bits += (1u << DroppedBits - 1) - 1 + (bits >> DroppedBits & 1);
            value = BitConverter.UInt32BitsToSingle(bits & ~((1u << DroppedBits) - 1));
        }
    }
}
