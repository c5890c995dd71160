namespace SvdSurgeon.Export;

/// <summary>A file that an export made.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Bytes">Its size.</param>
public sealed record ExportedFile(string Path, long Bytes);
