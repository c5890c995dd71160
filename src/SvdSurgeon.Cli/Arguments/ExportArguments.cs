using System.CommandLine;
using SvdSurgeon.Export;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>--format and what belongs to it, shared by export and compress.</summary>
internal sealed class ExportArguments
{
    private readonly Option<string?> _format = new("--format")
    {
        Description = $"{string.Join(", ", Exporter.Formats)}: what other programs load (docs/export.md).",
    };
    private readonly Option<string?> _type = new("--type")
    {
        Description =
            $"Storage type of the matrices. "
            + $"{string.Join("; ", Exporter.Formats.Select(format => $"{format}: {string.Join(", ", Exporter.Types(format))}"))}. "
            + "Default: as they are stored.",
    };
    private readonly Option<string[]> _tensorTypes = new("--tensor-type")
    {
        Description =
            "PATTERN=TYPE: another type for the tensors whose Hugging Face name has this part, such as v_proj=q6_k. May be repeated; the "
            + "last that matches counts.",
    };
    private readonly Option<bool> _adapter = new("--adapter")
    {
        Description = "gguf: keep factors, as a base and an adapter that llama.cpp applies; --out is a folder.",
    };
    private readonly Option<bool> _merge = new("--merge")
    {
        Description = "hf: multiply factors out, so that the folder needs no code of its own.",
    };
    private readonly Option<bool> _withoutTokenizer = new("--no-tokenizer")
    {
        Description = "Leave the tokenizer out: the result runs on token ids alone.",
    };

    /// <param name="required">The verb is about exporting.</param>
    public ExportArguments(bool required) => _format.Required = required;

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_format, _type, _tensorTypes, _adapter, _merge, _withoutTokenizer])
            command.Add(option);
    }

    /// <summary>The format and its options; null where no format was asked for.</summary>
    /// <exception cref="InvalidInputException">Options are given without a format.</exception>
    public (string Format, ExportOptions Options)? Read(ParseResult parsed)
    {
        var options = new ExportOptions
        {
            Type = parsed.GetValue(_type)?.ToLowerInvariant(),
            TensorTypes = [.. (parsed.GetValue(_tensorTypes) ?? []).Select(TensorTypeRule.Parse)],
            Adapter = parsed.GetValue(_adapter),
            Merge = parsed.GetValue(_merge),
            WithoutTokenizer = parsed.GetValue(_withoutTokenizer),
        };
        if (parsed.GetValue(_format) is { } format)
            return (format, options);
        if (options.Type is not null || options.TensorTypes.Count > 0 || options.Adapter || options.Merge || options.WithoutTokenizer)
            throw new InvalidInputException(
                $"--type, --tensor-type, --adapter, --merge and --no-tokenizer belong to --format: give one of "
                    + $"{string.Join(", ", Exporter.Formats)}."
            );
        return null;
    }
}
