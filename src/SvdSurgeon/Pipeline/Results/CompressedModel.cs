using SvdSurgeon.Evaluation.Comparing;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>A compressed model on disk.</summary>
/// <param name="Ratio">Kept fraction asked for.</param>
/// <param name="AchievedRatio">Kept fraction reached: stored numbers over original parameters of the linear modules.</param>
/// <param name="ParametersBefore">Parameters of the linear modules before.</param>
/// <param name="ParametersAfter">After, every stored number counted.</param>
/// <param name="Bytes">Size of the weight files.</param>
/// <param name="Folder">The model's folder.</param>
/// <param name="Perplexity">Where it was evaluated.</param>
/// <param name="Steps">What the method auto tried; empty for other methods.</param>
public sealed record CompressedModel(
    double Ratio,
    double AchievedRatio,
    long ParametersBefore,
    long ParametersAfter,
    long Bytes,
    string Folder,
    Evaluation.PerplexityResult? Perplexity,
    IReadOnlyList<AutoStep> Steps
)
{
    /// <summary>The dense model and this one at the tasks that were asked for.</summary>
    internal IReadOnlyList<TaskComparison> Tasks { get; init; } = [];
}
