using System.Globalization;
using SvdSurgeon.Chat;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.IO;
using SvdSurgeon.Models.Linear;

namespace SvdSurgeon.Export.HuggingFace;

/// <summary>
/// Hugging Face folders: floating-point numbers, dense or with factors (which need modeling_svdsurgeon.py), or packed integers in the
/// layout of compressed-tensors.
/// </summary>
internal sealed class HuggingFaceFormat : IExportFormat
{
    private const string Transformers = "transformers";

    /// <inheritdoc/>
    public string Name => "hf";

    /// <inheritdoc/>
    public string RunsIn => $"{Transformers}, vLLM";

    /// <inheritdoc/>
    public IReadOnlyList<string> Types => HuggingFaceTypes.Words;

    /// <inheritdoc/>
    public string Suffix => "-hf";

    /// <inheritdoc/>
    public (string RunsIn, string Command)? AsItIs(ExportModel model) =>
        model.Source.Gguf is not null || PacksMoreThanModules(model) ? null
        : ModelingFile.IsNamedBy(model.Source.ConfigJson) ? (Transformers, Command(model.Source.Path, factored: true))
        : (RunsIn, Command(model.Source.Path, factored: false));

    /// <inheritdoc/>
    public PreparedExport Prepare(ExportModel model, ExportOptions options, string output)
    {
        if (options.Adapter)
            throw new InvalidInputException("--adapter belongs to --format gguf: a Hugging Face folder has factors in place of weights.");
        OutputFolder.EnsureUsable(output);
        var types = new HuggingFaceTypes(options);
        var tensors = new HuggingFaceTensors(model, types);
        var entries = tensors.All();
        var config = ModelingFile.Config(model.Source.ConfigJson, ModuleShapes.Json(tensors.Written));
        config.Remove(QuantizationConfig.Key);
        if (tensors.Integers.Count > 0)
            config[QuantizationConfig.Key] = QuantizationConfig.Json(tensors.Integers);
        bool factored = ModelingFile.IsNamedBy(config);
        return new PreparedExport(
            [.. Notes(model, tensors, factored)],
            Command(output, factored),
            cancellation =>
            {
                string? tokenizer = options.WithoutTokenizer ? null : model.Source.Path;
                HuggingFaceWriter.Write(
                    output,
                    config,
                    Cancellable(entries, cancellation),
                    tokenizer,
                    folder =>
                    {
                        if (!options.WithoutTokenizer)
                            GgufTextFiles.Write(model.Source, folder);
                    }
                );
                return Directory.GetFiles(output);
            }
        )
        {
            RunsIn = factored ? Transformers : null,
        };
    }

    // transformers and vLLM unpack the integers of linear modules, and of nothing else.
    private static bool PacksMoreThanModules(ExportModel model) =>
        model.Source.Tensors.Values.Any(tensor =>
            tensor.HasSeparateScales
            && (
                tensor.Name.Contains("embed_tokens", StringComparison.Ordinal)
                || tensor.Name.StartsWith("lm_head", StringComparison.Ordinal)
            )
        );

    private static string Command(string output, bool factored) =>
        "python3 -c \"from transformers import pipeline; print(pipeline('text-generation', '"
        + output
        + $"'{(factored ? ", trust_remote_code=True" : "")})('Once upon a time')[0]['generated_text'])\"";

    private static IEnumerable<string> Notes(ExportModel model, HuggingFaceTensors tensors, bool factored)
    {
        if (factored)
            yield return $"Factors stay factors: transformers loads them by {ModelingFile.Name} in the folder (trust_remote_code=True); "
                + $"vLLM does not.";
        else if (model.IsFactored)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"Factors are multiplied out: {model.Modules.Values.Sum(module => module.ParameterCount):N0} numbers of the linear "
                    + $"modules become "
                    + $"{model.Modules.Values.Sum(module => (long)module.OutFeatures * module.InFeatures):N0}."
            );
        if (tensors.Integers.Count > 0)
            yield return "transformers needs the package compressed-tensors for packed integers.";
        foreach (var group in tensors.Unpacked.GroupBy(module => module.InFeatures))
            yield return $"{group.Count()} modules have rows of {group.Key} numbers, no multiple of {HuggingFaceTypes.GroupSize}: stored "
                + $"as f16 instead.";
    }

    private static List<Formats.TensorEntry> Cancellable(List<Formats.TensorEntry> entries, CancellationToken cancellation) =>
        [
            .. entries.Select(entry =>
                entry with
                {
                    WriteTo = stream =>
                    {
                        cancellation.ThrowIfCancellationRequested();
                        entry.WriteTo(stream);
                    },
                }
            ),
        ];
}
