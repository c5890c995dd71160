using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>A recipe of integers with its files found, checked against their hashes and read: ready to run.</summary>
internal sealed class OpenedBitsRecipe : IDisposable
{
    private OpenedBitsRecipe(BitsRecipe recipe, OpenedSources sources)
    {
        Recipe = recipe with { Calibration = sources.Calibration, Evaluation = sources.Evaluation };
        (Model, Calibration, Evaluation) = (sources.Checkpoint, sources.Tokens, sources.Windows);
    }

    /// <summary>The recipe, with the hashes and lengths of what was read.</summary>
    public BitsRecipe Recipe { get; }

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
    /// <param name="usualLength">Tokens per sequence of texts where the recipe does not say it; fewer where the model has fewer
    /// positions.</param>
    /// <exception cref="InvalidInputException">A file is missing or is not the one that the recipe means, or an option or the data cannot
    /// be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    public static OpenedBitsRecipe Open(BitsRecipe recipe, string? recipeFolder = null, string? modelPath = null, int? usualLength = null)
    {
        recipe.Options.Validate();
        return new OpenedBitsRecipe(
            recipe,
            OpenedSources.Open(
                recipe.Model,
                recipe.Calibration,
                recipe.Evaluation,
                recipe.Options.Sequences,
                recipeFolder,
                modelPath,
                usualLength
            )
        );
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
