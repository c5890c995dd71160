namespace SvdSurgeon.Pipeline.Sources;

/// <summary>A file or folder that a run reads.</summary>
/// <param name="Path">As it was given; a relative one starts at the working directory, or else at the recipe's folder.</param>
/// <param name="Hash">SHA-256, in hexadecimal; null where any contents will do.</param>
internal sealed record SourceFile(string Path, string? Hash = null);
