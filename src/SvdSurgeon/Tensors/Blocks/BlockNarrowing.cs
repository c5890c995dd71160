namespace SvdSurgeon.Tensors.Blocks;

/// <summary>
/// Rounds float32 numbers to GGUF's block types: the counterpart of <see cref="BlockWidening"/>. Each type's scales are searched for as
/// llama.cpp's reference quantiser does it without an importance matrix (ggml-quants.c, quantize_row_*_ref; IQ4_NL as its quantize_iq4_nl),
/// in the same float32 operations in the same order, so the bytes are equal.
/// </summary>
internal static class BlockNarrowing
{
    /// <summary>Rounds whole blocks.</summary>
    /// <param name="source">Finite numbers of at most 65504, the largest scale's.</param>
    /// <param name="type">A block type.</param>
    /// <param name="destination">Receives the blocks.</param>
    /// <exception cref="NotSupportedException">The type is only read.</exception>
    public static void FromSingle(ReadOnlySpan<float> source, DType type, Span<byte> destination)
    {
        var (numbers, bytes) = type.Block();
        if (source.Length % numbers != 0)
            throw new ArgumentException($"{source.Length} numbers are not whole blocks of {type}.", nameof(source));
        for (; !source.IsEmpty; source = source[numbers..], destination = destination[bytes..])
        {
            var x = source[..numbers];
            var block = destination[..bytes];
            switch (type)
            {
                case DType.Q8_0:
                    RoundedBlocks.Q8_0(x, block);
                    break;
                case DType.Q4_0:
                    RoundedBlocks.Q4_0(x, block);
                    break;
                case DType.Q4_1:
                    RoundedBlocks.Q4_1(x, block);
                    break;
                case DType.Q5_0:
                    RoundedBlocks.Q5_0(x, block);
                    break;
                case DType.Q5_1:
                    RoundedBlocks.Q5_1(x, block);
                    break;
                case DType.Q2_0:
                    RoundedBlocks.Q2_0(x, block);
                    break;
                case DType.IQ4_NL:
                    TableBlocks.Iq4Nl(x, block);
                    break;
                case DType.Q2_K:
                    ShiftedSuperBlocks.Q2_K(x, block);
                    break;
                case DType.Q4_K:
                    ShiftedSuperBlocks.Q4_K(x, block);
                    break;
                case DType.Q5_K:
                    ShiftedSuperBlocks.Q5_K(x, block);
                    break;
                case DType.Q3_K:
                    ScaledSuperBlocks.Q3_K(x, block);
                    break;
                case DType.Q6_K:
                    ScaledSuperBlocks.Q6_K(x, block);
                    break;
                default:
                    throw new NotSupportedException($"{type} is only read, not written.");
            }
        }
    }
}
