namespace SvdSurgeon.Export;

/// <summary>What an export gave.</summary>
/// <param name="Format">"gguf", "onnx", "hf".</param>
/// <param name="RunsIn">The programs that load it.</param>
/// <param name="Command">One command that runs it.</param>
/// <param name="Files">The files, in the order of their names.</param>
/// <param name="Notes">What the user should know: sentences.</param>
public sealed record ExportResult(
    string Format,
    string RunsIn,
    string Command,
    IReadOnlyList<ExportedFile> Files,
    IReadOnlyList<string> Notes
)
{
    /// <summary>What the user should know of the input: sentences.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Bytes of all files.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);
}
