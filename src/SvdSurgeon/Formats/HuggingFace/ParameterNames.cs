using SvdSurgeon.Architectures;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>The many names that files give to the same parameters, brought to one.</summary>
internal static class ParameterNames
{
    /// <summary>Renames to canonical names and drops what carries no information: rotary tables, attention masks.</summary>
    /// <exception cref="InvalidModelException">Two tensors turn out to be the same parameter.</exception>
    public static Dictionary<string, StoredTensor> Canonical(IReadOnlyCollection<StoredTensor> stored, DecoderConfig config)
    {
        var names = ArchitectureRegistry.Of(config).Names;
        var tensors = new Dictionary<string, StoredTensor>(stored.Count, StringComparer.Ordinal);
        foreach (var tensor in stored)
        {
            string name = names.Canonical(tensor.Name);
            if (names.IsRedundant(name))
                continue;
            if (!tensors.TryAdd(name, name == tensor.Name ? tensor : tensor.Rename(name)))
                throw new InvalidModelException(
                    $"{tensor.Source}: '{tensor.Name}' and another tensor are both '{name}'. The file mixes two models."
                );
        }
        return tensors;
    }
}
