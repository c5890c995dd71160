using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>Conversion of results to their storage type that never lets a non-finite number through.</summary>
internal static class Narrowing
{
    private const float LargestHalf = 65504f;
    private const float RoundsToInfinityHalf = 65520f;
    private const float RoundsToInfinityBFloat = 3.3961775e38f; // half a unit above the largest bfloat16

    /// <summary>Narrows <paramref name="values"/> into <paramref name="destination"/>.</summary>
    /// <exception cref="NumericalException">A number is not finite, or would become infinite.</exception>
    public static void Checked(ReadOnlySpan<float> values, DType type, Span<byte> destination, string name, string source)
    {
        RequireHeld(values, type, name, source);
        Widening.FromSingle(values, type, destination);
    }

    /// <summary>Refuses numbers that <paramref name="type"/>, a float or a block type, cannot hold.</summary>
    /// <exception cref="NumericalException">A number is not finite, or would become infinite.</exception>
    public static void RequireHeld(ReadOnlySpan<float> values, DType type, string name, string source)
    {
        float limit = type switch
        {
            DType.F16 => RoundsToInfinityHalf,
            DType.BF16 => RoundsToInfinityBFloat,
            _ when type.IsQuantized() => LargestHalf,
            _ => float.PositiveInfinity,
        };
        float largest = 0;
        foreach (float value in values)
        {
            float magnitude = Math.Abs(value);
            if (!(magnitude < limit)) // also false for NaN
            {
                if (!float.IsFinite(value))
                    throw new NumericalException(
                        $"{source}: tensor '{name}' holds a number that is not finite ({value}). The model is damaged; take another copy."
                    );
                largest = Math.Max(largest, magnitude);
            }
        }
        if (largest > 0)
            throw new NumericalException(
                type switch
                {
                    DType.F16 => $"{source}: tensor '{name}' holds {largest:G6}, float16 ends at {LargestHalf}. Use --dtype bf16 or f32.",
                    DType.BF16 => $"{source}: tensor '{name}' holds {largest:G6}, too large for bfloat16. Use --dtype f32.",
                    _ => $"{source}: tensor '{name}' holds {largest:G6}, the scales of {type} end at {LargestHalf}. Use bf16 or f32.",
                }
            );
    }
}
