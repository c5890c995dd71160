namespace SvdSurgeon.Formats.PyTorch;

/// <summary>An entry of a zip archive.</summary>
/// <param name="Name">Path inside the archive.</param>
/// <param name="Offset">First byte of its data in the file.</param>
/// <param name="Length">Bytes of its data.</param>
internal sealed record ZipEntry(string Name, long Offset, long Length);
