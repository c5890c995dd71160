using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.HuggingFace;

/// <summary>Which type each tensor gets.</summary>
/// <param name="options">The types asked for.</param>
internal sealed class HuggingFaceTypes(ExportOptions options)
{
    /// <summary>Columns that share a scale.</summary>
    public const int GroupSize = 32;

    private static readonly (string Word, DType Type)[] s_floats = [("f32", DType.F32), ("f16", DType.F16), ("bf16", DType.BF16)];
    private const string Integer = "int";
    private const int LeastBits = 2,
        MostBits = 8;

    /// <summary>The words after <c>--type</c>.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [.. s_floats.Select(type => type.Word), .. Enumerable.Range(LeastBits, MostBits - LeastBits + 1).Select(bits => $"{Integer}{bits}")];

    /// <summary>
    /// True where no module stays factored: as asked for, or because some are to be integers, which factors cannot stand beside.
    /// </summary>
    public bool MultipliesOut => options.Merge || options.TensorTypes.Select(rule => rule.Type).Append(options.Type).Any(IsInteger);

    /// <summary>Bits of a module's weight; null for a floating-point type.</summary>
    /// <param name="name">Name of the weight.</param>
    public IntegerScheme? Integers(string name) =>
        Asked(name) is { } word && IsInteger(word) ? new IntegerScheme(word[^1] - '0', GroupSize) : null;

    /// <summary>The floating-point type of a tensor: as asked for, or as it is stored; of blocks and integers float16.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="stored">The type that it is stored in.</param>
    public DType Float(string name, DType stored)
    {
        if (stored is DType.I64 or DType.I32 or DType.I8 or DType.U8 or DType.Bool)
            return stored;
        string? word = options.TensorTypes.LastOrDefault(rule => rule.Matches(name) && !IsInteger(rule.Type))?.Type ?? options.Type;
        if (word is not null && !IsInteger(word))
            return s_floats.First(type => type.Word == word).Type;
        return stored.IsFloat() ? stored : DType.F16;
    }

    /// <summary>True where nothing is asked for this tensor: integers stay as they are.</summary>
    public bool IsFree(string name) => Asked(name) is null;

    private string? Asked(string name) => options.TensorTypes.LastOrDefault(rule => rule.Matches(name))?.Type ?? options.Type;

    private static bool IsInteger(string? word) => word?.StartsWith(Integer, StringComparison.Ordinal) ?? false;
}
