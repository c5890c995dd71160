using SvdSurgeon.Architectures;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>The many names that files give to the same parameters, brought to one.</summary>
internal static class ParameterNames
{
    private static readonly string[] OptPrefixes = ["model.decoder.", "decoder.", "model."];
    private static readonly string[] LlamaPrefixes = ["model."];
    private static readonly string[] DecoderParts =
    [
        "layers",
        "embed_tokens",
        "embed_positions",
        "norm",
        "final_layer_norm",
        "project_in",
        "project_out",
        "version",
    ];

    /// <summary>Renames to canonical names and drops what carries no information: rotary tables, attention masks, a tied head.</summary>
    /// <exception cref="InvalidModelException">Two tensors turn out to be the same parameter.</exception>
    public static IReadOnlyDictionary<string, StoredTensor> Canonical(IReadOnlyCollection<StoredTensor> stored, DecoderConfig config)
    {
        var tensors = new Dictionary<string, StoredTensor>(stored.Count, StringComparer.Ordinal);
        foreach (var tensor in stored)
        {
            string name = Canonical(tensor.Name, config.Family);
            if (IsRedundant(name, config))
                continue;
            if (!tensors.TryAdd(name, name == tensor.Name ? tensor : tensor.Rename(name)))
                throw new InvalidModelException(
                    $"{tensor.Source}: '{tensor.Name}' and another tensor are both '{name}'. The file mixes two models."
                );
        }
        return tensors;
    }

    private static string Canonical(string name, DecoderFamily family)
    {
        if (name.StartsWith("lm_head.", StringComparison.Ordinal))
            return name;
        // Files of the bare decoder lack "model."; the original OPT files have only "decoder.".
        string prefix = family == DecoderFamily.Opt ? "model.decoder." : "model.";
        string bare = name;
        foreach (string start in family == DecoderFamily.Opt ? OptPrefixes : LlamaPrefixes)
        {
            if (!name.StartsWith(start, StringComparison.Ordinal))
                continue;
            bare = name[start.Length..];
            break;
        }
        return DecoderParts.Contains(bare.Split('.', 2)[0]) ? prefix + bare : name;
    }

    private static bool IsRedundant(string name, DecoderConfig config) =>
        name.Contains(".rotary_emb.", StringComparison.Ordinal)
        || name.EndsWith(".masked_bias", StringComparison.Ordinal)
        || name.EndsWith(".attn.bias", StringComparison.Ordinal)
        || name == "model.decoder.version"
        || (name == "lm_head.weight" && config.TieWordEmbeddings);
}
