using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.SafeTensors;

/// <summary>The type names of safetensors headers.</summary>
internal static class SafeTensorsTypes
{
    private static readonly (string Name, DType Type)[] All =
    [
        ("F64", DType.F64),
        ("F32", DType.F32),
        ("F16", DType.F16),
        ("BF16", DType.BF16),
        ("I64", DType.I64),
        ("I32", DType.I32),
        ("I8", DType.I8),
        ("U8", DType.U8),
        ("BOOL", DType.Bool),
    ];

    /// <summary>All supported names, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(entry => entry.Name));

    public static bool TryParse(string name, out DType type)
    {
        foreach (var entry in All)
        {
            if (entry.Name != name)
                continue;
            type = entry.Type;
            return true;
        }
        type = default;
        return false;
    }

    /// <exception cref="ArgumentException">Block types cannot be written to safetensors.</exception>
    public static string NameOf(DType type)
    {
        foreach (var entry in All)
            if (entry.Type == type)
                return entry.Name;
        throw new ArgumentException($"{type} cannot be written to a safetensors file; convert it to F32, F16 or BF16.", nameof(type));
    }
}
