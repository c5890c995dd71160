namespace SvdSurgeon.Pipeline.Sources;

/// <summary>A file or folder that a run reads.</summary>
/// <param name="Path">As it was given; a relative one starts at the working directory, or else at the recipe's folder.</param>
/// <param name="Hash">SHA-256, in hexadecimal; null where any contents will do.</param>
internal sealed record SourceFile(string Path, string? Hash = null)
{
    /// <summary>Compares the model that is there with the one that a recipe means.</summary>
    /// <exception cref="InvalidInputException">It is another one.</exception>
    public void RequireModel(string path, string hash)
    {
        if (Hash is { } expected && expected != hash)
            throw new InvalidInputException(
                $"{path}: this is not the model of the recipe (SHA-256 {hash}, the recipe says {expected}). Use that model, or take "
                    + $"the hash out of a copy of the recipe."
            );
    }
}
