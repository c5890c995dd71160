using System.Globalization;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.IO;

namespace SvdSurgeon.Export.Gguf;

/// <summary>GGUF files for llama.cpp and everything that is built on it.</summary>
internal sealed class GgufFormat : IExportFormat
{
    /// <inheritdoc/>
    public string Name => "gguf";

    /// <inheritdoc/>
    public string RunsIn => "llama.cpp, Ollama, LM Studio, LLamaSharp";

    /// <inheritdoc/>
    public IReadOnlyList<string> Types => GgufTypeChoice.Words;

    /// <inheritdoc/>
    public string Suffix => ".gguf";

    /// <inheritdoc/>
    public PreparedExport Prepare(ExportModel model, ExportOptions options, string output)
    {
        var config = model.Source.Config;
        var architecture = GgufArchitecture.Of(config, model.Source.Path);
        TakenForGranted.Require(config, model.Source.Path);
        var metadata = new GgufMetadataBuilder();
        GgufModelMetadata.Add(metadata, config, architecture, Path.GetFileName(Path.GetFullPath(model.Source.Path)));
        var notes = GgufModelMetadata.Notes(config).ToList();
        notes.AddRange(GgufTokenizer.Add(metadata, model, options));
        var types = new GgufTypeChoice(options);
        var tensors = new GgufTensors(model, architecture, types, options.Threads);
        if (options.Adapter)
            return new GgufAdapter(model, architecture, tensors, options.Threads).Prepare(metadata, notes, output);
        if (!output.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase))
            throw new InvalidInputException($"--out {output}: a GGUF model is one file; give it a name that ends in .gguf.");
        OutputFile.EnsureUsable(output);
        var entries = tensors.All();
        notes.AddRange(types.Notes);
        if (model.IsFactored)
            notes.Add(MergedNote(model, GgufFileWriter.Bytes(metadata, entries)));
        return new PreparedExport(
            notes,
            $"llama-cli -m {output} -p \"Once upon a time\"",
            cancellation =>
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
                GgufFileWriter.Write(output, metadata, entries, cancellation);
                return [output];
            }
        );
    }

    private static string MergedNote(ExportModel model, long bytes)
    {
        long factors = model.Modules.Values.Sum(module => module.ParameterCount);
        long merged = model.Modules.Values.Sum(module => (long)module.OutFeatures * module.InFeatures);
        return string.Create(
                CultureInfo.InvariantCulture,
                $"GGUF has no factored modules: the {factors:N0} numbers of the linear modules are multiplied out to {merged:N0}, the "
                    + $"file has {bytes / 1048576.0:N1} MiB. "
            ) + "--type makes it smaller; --adapter keeps the factors.";
    }
}
