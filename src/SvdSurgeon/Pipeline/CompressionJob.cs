using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation.Tasks;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Pipeline;

/// <summary>One run of the compressor: a model, its calibration data, options, and where results go.</summary>
public sealed record CompressionJob
{
    /// <summary>The dense model.</summary>
    public required Checkpoint Model { get; init; }

    /// <summary>Method, ratios, sizes.</summary>
    public required CompressionOptions Options { get; init; }

    /// <summary>Calibration sequences: the first <see cref="CompressionOptions.Sequences"/> give the Gram matrices, the first
    /// <see cref="CompressionOptions.FisherSequences"/> the spectral Fisher.</summary>
    public required TokenSet Calibration { get; init; }

    /// <summary>
    /// Find the kept fraction that meets this instead of <see cref="CompressionOptions.Ratios"/>, which are then empty. A perplexity is
    /// that of the evaluation data, to which the fraction, and nothing else, is then fitted.
    /// </summary>
    public CompressionTarget? Target { get; init; }

    /// <summary>Where each ratio gets a folder.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Where artifacts are kept; null for a folder "work" in <see cref="OutputFolder"/>.</summary>
    public string? WorkFolder { get; init; }

    /// <summary>
    /// Where model and data come from, for the recipe in the output folder; null for data made in memory, which a recipe can only tell by
    /// its hash.
    /// </summary>
    internal Recipe? Recipe { get; init; }

    /// <summary>
    /// Statistics to use where they are for the same stage, or to be refused: a folder that stats or merge has filled; null for none.
    /// </summary>
    public string? Statistics { get; init; }

    /// <summary>Bytes that the run may take; null for what the process may use.</summary>
    public long? Memory { get; init; }

    /// <summary>
    /// Opens the windows that every result is evaluated on; null to evaluate none. Called once, after the last result is on disk: nothing
    /// that is computed before can depend on the evaluation data. Only a perplexity target needs it before.
    /// </summary>
    public Func<Evaluation.TokenWindows>? Evaluation { get; init; }

    /// <summary>Tasks that the dense model and every result are judged by, opened like the windows; null for none.</summary>
    internal Func<IReadOnlyList<TaskSet>>? Tasks { get; init; }

    /// <summary>Who does the work.</summary>
    internal IWorkSharing Sharing { get; init; } = new Alone();

    /// <summary>The job of running a recipe.</summary>
    /// <param name="recipe">The recipe, opened; it stays the caller's to dispose.</param>
    /// <param name="outputFolder">Where each ratio gets a folder.</param>
    /// <param name="workFolder">Where artifacts are kept; null for a folder "work" in the output folder.</param>
    internal static CompressionJob From(OpenedRecipe recipe, string outputFolder, string? workFolder = null) =>
        new()
        {
            Model = recipe.Model,
            Options = recipe.Recipe.Options,
            Target = recipe.Target,
            Calibration = recipe.Calibration,
            Evaluation = recipe.Evaluation is { } windows ? () => windows : null,
            Recipe = recipe.Recipe,
            OutputFolder = outputFolder,
            WorkFolder = workFolder,
        };
}
