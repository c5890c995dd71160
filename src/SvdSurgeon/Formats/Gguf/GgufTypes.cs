using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.Gguf;

/// <summary>The type numbers of GGUF tensors.</summary>
internal static class GgufTypes
{
    private static readonly Dictionary<uint, DType> Supported = new()
    {
        [0] = DType.F32,
        [1] = DType.F16,
        [2] = DType.Q4_0,
        [3] = DType.Q4_1,
        [6] = DType.Q5_0,
        [7] = DType.Q5_1,
        [8] = DType.Q8_0,
        [10] = DType.Q2_K,
        [11] = DType.Q3_K,
        [12] = DType.Q4_K,
        [13] = DType.Q5_K,
        [14] = DType.Q6_K,
        [20] = DType.IQ4_NL,
        [23] = DType.IQ4_XS,
        [24] = DType.I8,
        [26] = DType.I32,
        [27] = DType.I64,
        [28] = DType.F64,
        [30] = DType.BF16,
        [42] = DType.Q2_0,
    };

    // Names of the others, so that the refusal tells what the file has.
    private static readonly Dictionary<uint, string> Others = new()
    {
        [9] = "Q8_1",
        [15] = "Q8_K",
        [16] = "IQ2_XXS",
        [17] = "IQ2_XS",
        [18] = "IQ3_XXS",
        [19] = "IQ1_S",
        [21] = "IQ3_S",
        [22] = "IQ2_S",
        [25] = "I16",
        [29] = "IQ1_M",
        [34] = "TQ1_0",
        [35] = "TQ2_0",
        [39] = "MXFP4",
    };

    /// <summary>The number of a type.</summary>
    public static uint NumberOf(DType type) => Supported.First(entry => entry.Value == type).Key;

    /// <exception cref="InvalidModelException">The type is not supported.</exception>
    public static DType Parse(uint number, string file, string tensor) =>
        Supported.TryGetValue(number, out DType type)
            ? type
            : throw new InvalidModelException(
                $"{file}: tensor '{tensor}' has the type {(Others.TryGetValue(number, out string? name) ? name : "number " + number)}, "
                    + $"which is not supported. "
                    + $"Supported: {string.Join(", ", Supported.Values)}."
            );
}
