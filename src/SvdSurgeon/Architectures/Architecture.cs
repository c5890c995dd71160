using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures;

/// <summary>
/// A family of models: how its configuration is read, what its parameters are called, and which blocks its layers are made of. It says so
/// in data alone; <c>SvdSurgeon.Models</c> builds the model from it. docs/extending.md: how to add one.
/// </summary>
internal abstract class Architecture
{
    /// <summary>The values of model_type that it reads.</summary>
    public abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>How its parameters are named in files.</summary>
    public abstract TensorNames Names { get; }

    /// <summary>How GGUF files say the same; null for a family that is not read from them, or not by way of a dialect.</summary>
    public virtual GgufDialect? Gguf => null;

    /// <summary>Interprets a config.json.</summary>
    /// <exception cref="InvalidModelException">A key is missing or impossible, or the model is a variant that cannot be computed
    /// exactly.</exception>
    public abstract DecoderConfig ReadConfig(ConfigKeys keys, string modelType);

    /// <summary>What stands before and after the layers.</summary>
    public abstract ModelLayout Model(DecoderConfig config);

    /// <summary>The blocks of layer <paramref name="index"/>.</summary>
    public abstract LayerLayout Layer(DecoderConfig config, int index);
}
