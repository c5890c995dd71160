using SvdSurgeon.Architectures.Gemma;
using SvdSurgeon.Architectures.GptNeoX;
using SvdSurgeon.Architectures.Granite;
using SvdSurgeon.Architectures.Llama;
using SvdSurgeon.Architectures.Olmo2;
using SvdSurgeon.Architectures.Opt;
using SvdSurgeon.Architectures.Phi3;
using SvdSurgeon.Architectures.SmolLm3;
using SvdSurgeon.Architectures.StableLm;

namespace SvdSurgeon.Architectures;

/// <summary>The families that can be read.</summary>
internal static class ArchitectureRegistry
{
    private static readonly Architecture[] All =
    [
        new OptArchitecture(),
        new LlamaArchitecture(),
        new Gemma2Architecture(),
        new Gemma3Architecture(),
        new GptNeoXArchitecture(),
        new GraniteArchitecture(),
        new Olmo2Architecture(),
        new Phi3Architecture(),
        new SmolLm3Architecture(),
        new StableLmArchitecture(),
    ];

    private static readonly Dictionary<string, Architecture> ByModelType = All.SelectMany(
            architecture => architecture.ModelTypes,
            (architecture, type) => (architecture, type)
        )
        .ToDictionary(pair => pair.type, pair => pair.architecture, StringComparer.Ordinal);

    /// <summary>Every model_type that is read, for messages.</summary>
    public static string ModelTypes { get; } = string.Join(", ", All.SelectMany(architecture => architecture.ModelTypes));

    /// <summary>GGUF's dialects of the families.</summary>
    public static IReadOnlyList<GgufDialect> Gguf { get; } = [.. All.Select(architecture => architecture.Gguf).OfType<GgufDialect>()];

    /// <summary>The family of a model_type; null for one that is not known.</summary>
    public static Architecture? Find(string modelType) => ByModelType.GetValueOrDefault(modelType);

    /// <summary>The family of a model that was read.</summary>
    public static Architecture Of(DecoderConfig config) => ByModelType[config.ModelType];
}
