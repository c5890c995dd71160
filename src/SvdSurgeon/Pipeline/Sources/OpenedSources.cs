using System.Security.Cryptography;
using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Pipeline.Sources;

/// <summary>The files that a recipe names, found, checked against their hashes and read.</summary>
/// <param name="Checkpoint">The dense model.</param>
/// <param name="Tokens">Calibration sequences.</param>
/// <param name="Windows">Evaluation windows; null for none.</param>
/// <param name="Calibration">What the recipe says of the calibration data, with hashes and length of what was read.</param>
/// <param name="Evaluation">The same of the evaluation data; null for none.</param>
internal sealed record OpenedSources(
    Checkpoint Checkpoint,
    TokenSet Tokens,
    TokenWindows? Windows,
    CalibrationSource Calibration,
    EvaluationSource? Evaluation
)
{
    /// <summary>Opens them.</summary>
    /// <param name="source">The dense model.</param>
    /// <param name="calibration">Calibration data.</param>
    /// <param name="evaluation">Evaluation data; null for none.</param>
    /// <param name="sequences">Calibration sequences to read.</param>
    /// <param name="folder">Where relative paths are looked up when they are not in the working directory; null for nowhere else.</param>
    /// <param name="modelPath">Where the model is, if it is not where <paramref name="source"/> says.</param>
    /// <param name="usualLength">Tokens per sequence of texts where nothing says it; fewer where the model has fewer positions.</param>
    /// <exception cref="InvalidInputException">A file is missing or is not the one that is meant, or the data cannot be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged or not supported.</exception>
    public static OpenedSources Open(
        SourceFile source,
        CalibrationSource calibration,
        EvaluationSource? evaluation,
        int sequences,
        string? folder,
        string? modelPath,
        int? usualLength = null
    )
    {
        if (calibration.Texts.Count == 0 && calibration.Tokens is null && calibration.TokenHash is not null)
            throw new InvalidInputException(
                "The recipe's calibration tokens were made in memory by a program, so that nothing but that program can repeat it. Give "
                    + "the recipe's calibration texts or tokens."
            );
        if (evaluation is not null && evaluation.Texts.Count == 0 == (evaluation.Tokens is null))
            throw new InvalidInputException("The evaluation needs either texts or tokens: --eval-text or --eval-tokens.");
        var model = Checkpoint.Open(modelPath ?? Locate(source.Path, folder));
        try
        {
            var (calibrationTexts, calibrationFile) = (Check(calibration.Texts, folder), Check(calibration.Tokens, folder));
            var tokens = CalibrationData.Open(
                model,
                Paths(calibrationTexts),
                calibrationFile?.Path,
                sequences,
                calibration.Length
                    ?? (calibrationFile is null && usualLength is { } usual ? Math.Min(usual, DefaultWindow.Of(model)) : null),
                calibration.Seed
            );
            if (calibration.TokenHash is { } expected && tokens.Hash() != expected)
                throw new InvalidInputException(
                    $"{source.Path}: the calibration data gives other tokens than it gave when the recipe was written. The model's "
                        + $"tokenizer or the program has changed; take 'token_hash' out of a copy of the recipe to run it nevertheless."
                );
            TokenWindows? windows = null;
            if (evaluation is not null)
            {
                var (texts, file) = (Check(evaluation.Texts, folder), Check(evaluation.Tokens, folder));
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
            return new OpenedSources(model, tokens, windows, calibration, evaluation);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

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
