namespace SvdSurgeon.Export;

/// <summary>
/// A format that other programs load. One folder per format and one line in <see cref="ExportFormats"/>; what is refused is refused
/// in <see cref="Prepare"/>, before anything is computed or written.
/// </summary>
internal interface IExportFormat
{
    /// <summary>The word after <c>--format</c>: "gguf".</summary>
    string Name { get; }

    /// <summary>The programs that load it, as a person would list them: "llama.cpp, Ollama, LM Studio".</summary>
    string RunsIn { get; }

    /// <summary>The words after <c>--type</c>.</summary>
    IReadOnlyList<string> Types { get; }

    /// <summary>What is added to a model's folder name for the output beside it: ".gguf", "-onnx".</summary>
    string Suffix { get; }

    /// <summary>
    /// Where a model runs as it lies there, because it is of this format already, and the command for it; null where it is not.
    /// </summary>
    /// <param name="model">The opened model.</param>
    (string RunsIn, string Command)? AsItIs(ExportModel model) => null;

    /// <summary>Checks everything that can be known beforehand and says how the export will go.</summary>
    /// <param name="model">The opened model; valid until the export is written.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="output">Path of the file or folder to make.</param>
    /// <exception cref="InvalidInputException">An option or the output path does not fit this format.</exception>
    /// <exception cref="InvalidModelException">The programs that load the format cannot run this model: names the part, and what serves
    /// instead.</exception>
    PreparedExport Prepare(ExportModel model, ExportOptions options, string output);
}
