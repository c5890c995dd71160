using SvdSurgeon.Export.Gguf;
using SvdSurgeon.Export.HuggingFace;
using SvdSurgeon.Export.Onnx;

namespace SvdSurgeon.Export;

/// <summary>The formats that models are exported to.</summary>
internal static class ExportFormats
{
    /// <summary>All of them; a further one is one line here.</summary>
    public static IReadOnlyList<IExportFormat> All { get; } = [new GgufFormat(), new HuggingFaceFormat(), new OnnxFormat()];

    /// <summary>The format called <paramref name="name"/>.</summary>
    /// <exception cref="InvalidInputException">There is none of that name.</exception>
    public static IExportFormat Named(string name) =>
        All.FirstOrDefault(format => format.Name == name)
        ?? throw new InvalidInputException($"--format {name}: unknown format. Use {string.Join(", ", All.Select(format => format.Name))}.");
}
