using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>One run that makes models of integers: a dense model, its calibration data, options, and where results go.</summary>
public sealed record BitsJob
{
    /// <summary>The dense model.</summary>
    public required Checkpoint Model { get; init; }

    /// <summary>Sizes and how to round.</summary>
    public required BitsOptions Options { get; init; }

    /// <summary>Calibration sequences; the first <see cref="BitsOptions.Sequences"/> are used, a part of them to judge by.</summary>
    public required TokenSet Calibration { get; init; }

    /// <summary>Where each result gets a folder.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Where artifacts are kept; null for a folder "work" in <see cref="OutputFolder"/>.</summary>
    public string? WorkFolder { get; init; }

    /// <summary>
    /// Where model and data come from, for the recipe in the output folder; null for data made in memory, which a recipe can only tell by
    /// its hash.
    /// </summary>
    internal BitsRecipe? Recipe { get; init; }

    /// <summary>Bytes that the run may take; null for what the process may use.</summary>
    public long? Memory { get; init; }

    /// <summary>Opens the windows that every result is evaluated on, when the last result is on disk; null to evaluate none.</summary>
    public Func<TokenWindows>? Evaluation { get; init; }

    /// <summary>The job of running a recipe.</summary>
    /// <param name="recipe">The recipe, opened; it stays the caller's to dispose.</param>
    /// <param name="outputFolder">Where each result gets a folder.</param>
    /// <param name="workFolder">Where artifacts are kept; null for a folder "work" in the output folder.</param>
    internal static BitsJob From(OpenedBitsRecipe recipe, string outputFolder, string? workFolder = null) =>
        new()
        {
            Model = recipe.Model,
            Options = recipe.Recipe.Options,
            Calibration = recipe.Calibration,
            Evaluation = recipe.Evaluation is { } windows ? () => windows : null,
            Recipe = recipe.Recipe,
            OutputFolder = outputFolder,
            WorkFolder = workFolder,
        };

    /// <summary>The recipe that repeats the job, with the hashes of what was really read.</summary>
    /// <exception cref="InvalidInputException">The model is not the recipe's.</exception>
    internal BitsRecipe RecipeOf(string modelHash)
    {
        var recipe =
            Recipe
            ?? new BitsRecipe
            {
                Model = new SourceFile(Model.Path),
                Calibration = new CalibrationSource(),
                Options = Options,
            };
        recipe.Model.RequireModel(Model.Path, modelHash);
        return recipe with
        {
            Version = Pipeline.Options.Recipe.ProgramVersion,
            Model = recipe.Model with { Hash = modelHash },
            Calibration = recipe.Calibration with { Length = Calibration.Length, TokenHash = Calibration.Hash() },
            Options = Options,
        };
    }
}
