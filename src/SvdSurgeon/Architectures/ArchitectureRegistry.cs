using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.Architectures.Opt;

namespace SvdSurgeon.Architectures;

/// <summary>The families that can be read.</summary>
internal static class ArchitectureRegistry
{
    private static readonly Architecture[] All = [new OptArchitecture(), new LlamaArchitecture()];

    private static readonly Dictionary<string, Architecture> ByModelType = All.SelectMany(
            architecture => architecture.ModelTypes,
            (architecture, type) => (architecture, type)
        )
        .ToDictionary(pair => pair.type, pair => pair.architecture, StringComparer.Ordinal);

    /// <summary>Every model_type that is read, for messages.</summary>
    public static string ModelTypes { get; } = string.Join(", ", All.SelectMany(architecture => architecture.ModelTypes));

    /// <summary>The family of a model_type; null for one that is not known.</summary>
    public static Architecture? Find(string modelType) => ByModelType.GetValueOrDefault(modelType);

    /// <summary>The family of a model that was read.</summary>
    public static Architecture Of(DecoderConfig config) => ByModelType[config.ModelType];
}
