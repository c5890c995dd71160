using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace.CompressedTensors;

/// <summary>
/// Puts a tensor NAME in place of each NAME_packed, NAME_scale and NAME_shape. Nothing is unpacked: the words stay where they are.
/// </summary>
internal static class PackedTensors
{
    private const string Weight = ".weight";

    /// <summary>The tensors of a folder with packed ones resolved.</summary>
    /// <param name="stored">As in the files.</param>
    /// <param name="config">Which module has how many bits.</param>
    /// <exception cref="InvalidModelException">A part is missing, or does not fit the others or the configuration.</exception>
    public static IReadOnlyCollection<StoredTensor> Resolve(IReadOnlyCollection<StoredTensor> stored, QuantizationConfig config)
    {
        var byName = stored.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var packed in stored)
        {
            if (!packed.Name.EndsWith(IntegerEntries.Packed, StringComparison.Ordinal))
                continue;
            string name = packed.Name[..^IntegerEntries.Packed.Length];
            string module = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
            byName[name] = Join(
                name,
                packed,
                Take(byName, name + IntegerEntries.Scale, packed),
                Take(byName, name + IntegerEntries.Shape, packed),
                config.Find(module)
            );
            byName.Remove(packed.Name);
        }
        foreach (string name in byName.Keys)
            if (name.EndsWith("_zero_point", StringComparison.Ordinal) || name.EndsWith("_g_idx", StringComparison.Ordinal))
                throw new InvalidModelException(
                    $"{byName[name].Source}: tensor '{name}' belongs to a storage that is not supported. Supported: symmetric groups of "
                        + $"neighbouring columns."
                );
        return byName.Values;
    }

    /// <summary>The integer tensor that three parts make up.</summary>
    /// <exception cref="InvalidModelException">They do not fit each other.</exception>
    public static unsafe StoredTensor Join(string name, StoredTensor packed, StoredTensor scale, StoredTensor shape, IntegerScheme scheme)
    {
        if (packed.Type != DType.I32 || packed.Shape.Count != 2 || shape.Type != DType.I64 || shape.Count != 2 || !scale.Type.IsFloat())
            throw Damaged(
                packed,
                $"'{packed.Name}' and its companions have types {packed.Type}, {scale.Type} and {shape.Type}, expected I32, F16 and I64"
            );
        var size = new ReadOnlySpan<long>((void*)shape.Address, 2);
        var (rows, columns) = (size[0], size[1]);
        if (rows != packed.Rows || columns < 1 || columns > int.MaxValue || IntegerGroups.Words(columns, scheme.Bits) != packed.Columns)
            throw Damaged(
                packed,
                $"'{packed.Name}' has the shape {TensorShape.Format(packed.Shape)}, which {rows} × {columns} numbers of {scheme.Bits} "
                    + $"bits do not have"
            );
        int group = scheme.GroupSize == 0 ? (int)columns : scheme.GroupSize;
        if (!scale.Shape.SequenceEqual([rows, (columns + group - 1) / group]))
            throw Damaged(
                scale,
                $"'{scale.Name}' has the shape {TensorShape.Format(scale.Shape)}, which groups of {group} of {columns} columns do not have"
            );
        return packed.AsIntegers(name, [rows, columns], new IntegerGroups(scheme.Bits, group, scale));
    }

    private static StoredTensor Take(Dictionary<string, StoredTensor> byName, string name, StoredTensor packed) =>
        byName.Remove(name, out var tensor) ? tensor : throw Damaged(packed, $"'{packed.Name}' is there, '{name}' is not");

    private static InvalidModelException Damaged(StoredTensor tensor, string what) =>
        new($"{tensor.Source}: tensor {what}. The files belong to different models or are damaged; fetch them again.");
}
