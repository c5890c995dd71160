using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Pipeline.Artifacts;

namespace SvdSurgeon.Pipeline.Modules;

/// <summary>
/// What the surgeon did to the modules of one layer, a file beside the layer's: NAME.kept, NAME.sigma and, where components were selected,
/// NAME.saliency.
/// </summary>
internal static class SurgeryLog
{
    /// <summary>Writes the file of a layer with a surgeon; it is empty where no module was operated on.</summary>
    public static void Write(Artifact artifact, int layer, IReadOnlyDictionary<string, SurgeonResult> operated) =>
        artifact.Write(Part(layer), [.. operated.SelectMany(module => Entries(module.Key, module.Value))]);

    /// <summary>Whether the file of a layer is there, whole.</summary>
    public static bool Has(Artifact artifact, int layer) => artifact.Has(Part(layer));

    /// <summary>The file of a layer; null where there was no surgery.</summary>
    public static SafeTensorsFile? Open(Artifact artifact, int layer) =>
        artifact.Has(Part(layer)) ? SafeTensorsFile.Open(artifact.Part(Part(layer))) : null;

    private static IEnumerable<TensorEntry> Entries(string module, SurgeonResult result)
    {
        yield return TensorEntry.FromDoubles(module + ".kept", result.Kept.Select(i => (double)i).ToArray());
        yield return TensorEntry.FromDoubles(module + ".sigma", result.Sigma);
        if (result.Saliencies is { } saliencies)
            yield return TensorEntry.FromDoubles(module + ".saliency", saliencies);
    }

    private static string Part(int layer) => $"surgeon.{layer:D4}.safetensors";
}
