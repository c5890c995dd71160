using System.Text.Json.Nodes;
using SvdSurgeon.Architectures;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>
/// tie_word_embeddings and a stored head are two words for one thing. Where the configuration ties and the stored head is another matrix
/// than the embedding, the head counts, as in transformers 5: tools that rotate or slice a model leave it so.
/// </summary>
internal static class TiedHead
{
    private const string Key = "tie_word_embeddings";

    /// <summary>The configuration that agrees with the tensors. A head that repeats the embedding is taken out of them.</summary>
    /// <param name="config">What config.json says.</param>
    /// <param name="json">config.json; corrected where the head counts, since results are written with it.</param>
    /// <param name="tensors">All tensors by canonical name.</param>
    /// <param name="warnings">Gets a sentence where the head counts.</param>
    public static DecoderConfig Resolve(
        DecoderConfig config,
        JsonObject json,
        Dictionary<string, StoredTensor> tensors,
        ICollection<string> warnings
    )
    {
        var architecture = ArchitectureRegistry.Of(config);
        string name = architecture.Names.Head + ".weight";
        if (!config.TieWordEmbeddings || !tensors.TryGetValue(name, out var head))
            return config;
        if (!tensors.TryGetValue(architecture.Model(config).Embedding.Name + ".weight", out var words) || AreEqual(head, words))
        {
            tensors.Remove(name);
            return config;
        }
        warnings.Add(
            $"{head.Source}: config.json ties the head to the embedding, but '{name}' is stored and differs from it; the stored head is "
                + $"used, "
                + $"and results say {Key} false."
        );
        json[Key] = false;
        return config with { TieWordEmbeddings = false };
    }

    private static bool AreEqual(StoredTensor a, StoredTensor b)
    {
        if (!a.Shape.SequenceEqual(b.Shape))
            return false;
        if (a.Type == b.Type && a.Address == b.Address)
            return true;
        var (x, y) = (new float[a.Columns], new float[b.Columns]);
        for (int row = 0; row < a.Rows; row++)
        {
            a.WidenRows(row, 1, x);
            b.WidenRows(row, 1, y);
            if (!x.AsSpan().SequenceEqual(y))
                return false;
        }
        return true;
    }
}
