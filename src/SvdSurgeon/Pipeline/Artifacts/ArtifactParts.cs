using System.Globalization;
using System.Text.Json.Nodes;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>Names of an artifact's parts, and which ones a whole artifact has.</summary>
internal static class ArtifactParts
{
    private const string Extension = ".safetensors";

    /// <summary>Name of the part that holds a layer.</summary>
    public static string Layer(int layer) => string.Create(CultureInfo.InvariantCulture, $"layer.{layer:D4}{Extension}");

    /// <summary>The sums of one layer over one block of sequences, as a shard leaves them.</summary>
    public static string Block(int block, int layer) =>
        string.Create(CultureInfo.InvariantCulture, $"layer.{layer:D4}.block.{block:D4}{Extension}");

    /// <summary>The rows of the sequences from <paramref name="first"/> on.</summary>
    public static string Rows(int first) => string.Create(CultureInfo.InvariantCulture, $"sequences.{first:D6}{Extension}");

    /// <summary>True for statistics that are summed over blocks of sequences, a part a layer.</summary>
    public static bool AreSums(string stage, JsonObject inputs) =>
        stage is StageNames.Gram or StageNames.Gradients || (stage == StageNames.Fisher && (string?)inputs["samples"] == "tokens");

    /// <summary>The blocks that statistics of this description are collected in.</summary>
    public static SequenceBlocks Blocks(string stage, JsonObject inputs)
    {
        int sequences = (int)inputs["sequences"]!,
            length = (int)inputs["length"]!;
        return AreSums(stage, inputs)
            ? SequenceBlocks.Of(sequences, length)
            : SequenceBlocks.Of(sequences, length, SequenceBlocks.PerGradientPart);
    }

    /// <summary>The parts of a whole artifact; none where the description does not tell.</summary>
    public static IReadOnlyList<string> Expected(string stage, JsonObject inputs)
    {
        if (stage == StageNames.Fisher && !AreSums(stage, inputs))
        {
            var blocks = Blocks(stage, inputs);
            return [.. Enumerable.Range(0, blocks.Count).Select(block => Rows(blocks.First(block)))];
        }
        return inputs["layers"] is { } layers ? [.. Enumerable.Range(0, (int)layers).Select(ArtifactParts.Layer)] : [];
    }
}
