using System.Security.Cryptography;
using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;

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
        var (calibration, evaluation) = (recipe.Calibration, recipe.Evaluation);
        if (calibration.Texts.Count == 0 && calibration.Tokens is null && calibration.TokenHash is not null)
            throw new InvalidInputException(
                "The recipe's calibration tokens were made in memory by a program, so that nothing but that program can repeat it. Give "
                    + "the recipe's calibration texts or tokens."
            );
        if (evaluation is not null && evaluation.Texts.Count == 0 == (evaluation.Tokens is null))
            throw new InvalidInputException("The evaluation needs either texts or tokens: --eval-text or --eval-tokens.");
        var model = Checkpoint.Open(modelPath ?? Locate(recipe.Model.Path, recipeFolder));
        try
        {
            var (calibrationTexts, calibrationFile) = (Check(calibration.Texts, recipeFolder), Check(calibration.Tokens, recipeFolder));
            var tokens = CalibrationData.Open(
                model,
                Paths(calibrationTexts),
                calibrationFile?.Path,
                recipe.Options.CalibrationSequences,
                calibration.Length,
                calibration.Seed
            );
            if (calibration.TokenHash is { } expected && tokens.Hash() != expected)
                throw new InvalidInputException(
                    $"{recipe.Model.Path}: the calibration data gives other tokens than it gave when the recipe was written. The model's "
                        + $"tokenizer or the program has changed; take 'token_hash' out of a copy of the recipe to run it nevertheless."
                );
            TokenWindows? windows = null;
            if (evaluation is not null)
            {
                var (texts, file) = (Check(evaluation.Texts, recipeFolder), Check(evaluation.Tokens, recipeFolder));
                windows = EvaluationData.Open(model, Paths(texts), file?.Path, evaluation.Length ?? tokens.Length, evaluation.Windows);
                evaluation = evaluation with
                {
                    Texts = Named(evaluation.Texts, texts),
                    Tokens = Named(evaluation.Tokens, file),
                    Length = evaluation.Length ?? tokens.Length,
                };
            }
            calibration = calibration with
            {
                Texts = Named(calibration.Texts, calibrationTexts),
                Tokens = Named(calibration.Tokens, calibrationFile),
                Length = tokens.Length,
            };
            return new OpenedRecipe(recipe with { Calibration = calibration, Evaluation = evaluation }, model, tokens, windows)
            {
                Target = target,
            };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>What decides the ratio; null for the recipe's.</summary>
    public CompressionTarget? Target { get; private init; }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static string Locate(string path, string? folder)
    {
        if (File.Exists(path) || Directory.Exists(path) || Path.IsPathRooted(path) || folder is null)
            return path;
        string beside = Path.Combine(folder, path);
        return File.Exists(beside) || Directory.Exists(beside) ? beside : path;
    }

    private static SourceFile? Check(SourceFile? source, string? folder) => source is null ? null : Check([source], folder)[0];

    // The files where they are, with the hashes that they have.
    private static List<SourceFile> Check(IReadOnlyList<SourceFile> sources, string? folder)
    {
        var found = new List<SourceFile>();
        foreach (var source in sources)
        {
            string path = Locate(source.Path, folder);
            if (!File.Exists(path))
                throw new InvalidInputException(
                    Directory.Exists(path)
                        ? $"{path}: this is a folder. Give a file in it."
                        : $"{path}: the file does not exist. Check the path."
                );
            using var stream = File.OpenRead(path);
            string hash = Convert.ToHexStringLower(SHA256.HashData(stream));
            if (source.Hash is { } expected && expected != hash)
                throw new InvalidInputException(
                    $"{path}: this is not the file of the recipe (SHA-256 {hash}, the recipe says {expected}). Use that file, or take "
                        + $"the hash out of a copy of the recipe."
                );
            found.Add(new SourceFile(path, hash));
        }
        return found;
    }

    // Paths stay as they were given, so that a recipe does not depend on where it was run.
    private static SourceFile? Named(SourceFile? given, SourceFile? found) => given is null ? null : given with { Hash = found!.Hash };

    private static IReadOnlyList<SourceFile> Named(IReadOnlyList<SourceFile> given, List<SourceFile> found) =>
        [.. given.Select((source, i) => source with { Hash = found[i].Hash })];

    private static IReadOnlyList<string> Paths(List<SourceFile> files) => [.. files.Select(file => file.Path)];
}
