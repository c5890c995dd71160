using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>A recipe with its files found, checked against their hashes and read: ready to run.</summary>
internal sealed class OpenedRecipe : IDisposable
{
    private OpenedRecipe(Recipe recipe, Checkpoint model, TokenSet calibration, TokenWindows? evaluation) =>
        (Recipe, Model, Calibration, Evaluation) = (recipe, model, calibration, evaluation);

    /// <summary>The recipe, with the hashes and lengths of what was read.</summary>
    public Recipe Recipe { get; }

    /// <summary>The dense model.</summary>
    public Checkpoint Model { get; }

    /// <summary>Calibration sequences.</summary>
    public TokenSet Calibration { get; }

    /// <summary>Evaluation windows; null for none.</summary>
    public TokenWindows? Evaluation { get; }

    /// <summary>Opens what a recipe names.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="recipeFolder">Where relative paths are looked up when they are not in the working directory; null where the recipe is
    /// no file.</param>
    /// <param name="modelPath">Where the model is, if it is not where the recipe says.</param>
    /// <param name="target">What decides the ratio; the recipe then has none.</param>
    /// <exception cref="InvalidInputException">A file is missing or is not the one that the recipe means, or an option or the data cannot
    /// be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    public static OpenedRecipe Open(Recipe recipe, string? recipeFolder = null, string? modelPath = null, CompressionTarget? target = null)
    {
        if (target is null)
            recipe.Options.Validate();
        else
            recipe.Options.ValidateForTarget();
        var sources = OpenedSources.Open(
            recipe.Model,
            recipe.Calibration,
            recipe.Evaluation,
            recipe.Options.CalibrationSequences,
            recipeFolder,
            modelPath
        );
        return new OpenedRecipe(
            recipe with
            {
                Calibration = sources.Calibration,
                Evaluation = sources.Evaluation,
            },
            sources.Checkpoint,
            sources.Tokens,
            sources.Windows
        )
        {
            Target = target,
        };
    }

    /// <summary>What decides the ratio; null for the recipe's.</summary>
    public CompressionTarget? Target { get; private init; }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
