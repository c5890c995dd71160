using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export;

/// <summary>Writes models, dense or compressed, in formats that other programs load.</summary>
public static class Exporter
{
    /// <summary>The formats: "gguf" and further ones.</summary>
    public static IReadOnlyList<string> Formats => [.. ExportFormats.All.Select(format => format.Name)];

    /// <summary>The types that <paramref name="format"/> has.</summary>
    /// <exception cref="InvalidInputException">There is no such format.</exception>
    public static IReadOnlyList<string> Types(string format) => ExportFormats.Named(format).Types;

    /// <summary>Exports the model at <paramref name="path"/>, on threads of its own.</summary>
    /// <param name="path">A model folder, dense or compressed, or a .gguf file.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="output">The file or folder to make; nothing is written over.</param>
    /// <param name="options">Types, and what else the format has; null for the format's own.</param>
    /// <param name="device">Merges factors; null for all cores.</param>
    /// <param name="cancellationToken">Stops between tensors; nothing is left behind.</param>
    /// <exception cref="ArgumentException">There is no such format.</exception>
    /// <exception cref="InvalidInputException">An option or the output path cannot be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged, a weight is not finite, or the format has no place for it.</exception>
    /// <exception cref="NumericalException">A weight is too large for its type.</exception>
    /// <exception cref="IOException">The disk is full or cannot be written; nothing is left behind.</exception>
    public static Task<ExportResult> RunAsync(
        string path,
        string format,
        string output,
        ExportOptions? options = null,
        ComputeDevice? device = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(output);
        if (!Formats.Contains(format))
            throw new ArgumentException($"There is no format '{format}', but {string.Join(", ", Formats)}.", nameof(format));
        return ComputeDevice.RunAsync(
            device,
            backend => Run(path, format, options ?? new ExportOptions(), output, backend, cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Exports the model at <paramref name="path"/>.</summary>
    /// <param name="path">A model folder, dense or compressed, or a .gguf file.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="options">Types, and what else the format has.</param>
    /// <param name="output">The file or folder to make; nothing is written over.</param>
    /// <param name="backend">Merges factors.</param>
    /// <param name="cancellation">Stops between tensors; nothing is left behind.</param>
    /// <exception cref="InvalidInputException">The format, an option or the output path cannot be used.</exception>
    /// <exception cref="InvalidModelException">The model is damaged, a weight is not finite, or the format has no place for it.</exception>
    /// <exception cref="NumericalException">A weight is too large for its type.</exception>
    /// <exception cref="IOException">The disk is full or cannot be written; nothing is left behind.</exception>
    internal static ExportResult Run(
        string path,
        string format,
        ExportOptions options,
        string output,
        IBackend backend,
        CancellationToken cancellation = default
    )
    {
        var chosen = ExportFormats.Named(format);
        using var model = ExportModel.Open(path, backend);
        var prepared = Prepare(chosen, model, options, output);
        // Copies and roundings alike would pass it on, or speak of a scale that is too large.
        FiniteWeights.Require(model.Source, cancellation, stored => Written(stored, options.Type));
        var files = prepared
            .Write(cancellation)
            .Order(StringComparer.Ordinal)
            .Select(file => new ExportedFile(file, new FileInfo(file).Length));
        return new ExportResult(chosen.Name, prepared.RunsIn ?? chosen.RunsIn, prepared.Command, [.. files], prepared.Notes)
        {
            Warnings = model.Source.Warnings,
        };
    }

    /// <summary>Refuses, before any work, what an export of a model of this kind would refuse at the end of it.</summary>
    /// <exception cref="InvalidInputException">The format or an option cannot be used.</exception>
    /// <exception cref="InvalidModelException">The format has no place for the model.</exception>
    internal static void Check(string path, string format, ExportOptions options, string output, IBackend backend)
    {
        using var model = ExportModel.Open(path, backend);
        Prepare(ExportFormats.Named(format), model, options, output);
    }

    /// <summary>Where the output of <paramref name="format"/> goes that is made beside a model folder.</summary>
    internal static string Beside(string folder, string format) =>
        Path.TrimEndingDirectorySeparator(folder) + ExportFormats.Named(format).Suffix;

    /// <summary>The other programs that the model at <paramref name="path"/> can run in, and the command for it.</summary>
    /// <exception cref="InvalidModelException">There is no model, or it is damaged.</exception>
    internal static IReadOnlyList<(string RunsIn, string Command)> WaysOut(string path)
    {
        using var backend = new CpuBackend(1);
        using var model = ExportModel.Open(path, backend);
        var ways = new List<(string, string)>();
        foreach (var format in ExportFormats.All)
            try
            {
                if (format.AsItIs(model) is { } ready)
                {
                    ways.Add(ready);
                    continue;
                }
                // A name that is not taken, whatever was exported before.
                var prepared = Prepare(
                    format,
                    model,
                    new ExportOptions(),
                    Path.TrimEndingDirectorySeparator(path) + AtomicFile.TemporarySuffix + format.Suffix
                );
                ways.Add(
                    (prepared.RunsIn ?? format.RunsIn, $"svdsurgeon export {path} --format {format.Name} --out {Beside(path, format.Name)}")
                );
            }
            catch (InvalidModelException)
            {
                // No place for this model there: the way is not listed.
            }
        return ways;
    }

    private static DType Written(DType stored, string? type) =>
        type switch
        {
            "f16" => DType.F16,
            "bf16" => DType.BF16,
            _ => stored,
        };

    private static PreparedExport Prepare(IExportFormat format, ExportModel model, ExportOptions options, string output)
    {
        foreach (string type in options.TensorTypes.Select(rule => rule.Type).Prepend(options.Type ?? format.Types[0]))
            if (!format.Types.Contains(type))
                throw new InvalidInputException($"--type {type}: {format.Name} has no such type. Use {string.Join(", ", format.Types)}.");
        return format.Prepare(model, options, output);
    }
}
