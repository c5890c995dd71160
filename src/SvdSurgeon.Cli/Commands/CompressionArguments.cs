using System.CommandLine;
using SvdSurgeon.Compression;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cli.Commands;

/// <summary>The options that choose a method and its parameters, shared by compress and plan.</summary>
internal sealed class CompressionArguments
{
    private static readonly CompressionOptions Defaults = new() { Ratios = [] };

    private readonly Option<string> _method = new("--method") { Description = "svd (plain) or whiten (truncation-aware whitening, SVD-LLM).", DefaultValueFactory = _ => "whiten" };
    private readonly Option<string> _surgeon = new("--surgeon") { Description = "none, update (correct the kept singular values) or select (choose them first).", DefaultValueFactory = _ => "update" };
    private readonly Option<double[]> _ratios = new("--ratio") { Description = "Kept fractions of the linear modules' parameters, such as 0.8 0.6 0.4.", AllowMultipleArgumentsPerToken = true, Required = true };
    private readonly Option<int> _sequences = new("--sequences") { Description = "Calibration sequences for whitening.", DefaultValueFactory = _ => Defaults.Sequences };
    private readonly Option<int> _fisherSequences = new("--fisher-sequences") { Description = "Calibration sequences for the spectral Fisher.", DefaultValueFactory = _ => Defaults.FisherSequences };
    private readonly Option<double> _scale = new("--scale") { Description = "c: strength of the correction.", DefaultValueFactory = _ => Defaults.SurgeonOptions.Scale };
    private readonly Option<double> _damping = new("--damping") { Description = "Damping of the correction, relative to the mean diagonal.", DefaultValueFactory = _ => Defaults.SurgeonOptions.Damping };
    private readonly Option<double> _hdamping = new("--hdamping") { Description = "Damping of the selection, relative to the mean diagonal.", DefaultValueFactory = _ => Defaults.SurgeonOptions.SelectionDamping };
    private readonly Option<double> _alpha = new("--alpha") { Description = "Fraction of the dropped components that takes part.", DefaultValueFactory = _ => Defaults.SurgeonOptions.PoolFraction };
    private readonly Option<bool> _dense = new("--dense") { Description = "Write merged weights under the original names, for any other program." };
    private readonly Option<string?> _dtype = new("--dtype") { Description = "Storage type of the written weights: f32, f16 or bf16. Default: the model's own, f16 for quantized models." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_method, _surgeon, _ratios, _sequences, _fisherSequences, _scale, _damping, _hdamping, _alpha, _dense, _dtype]) command.Add(option);
    }

    public CompressionOptions Read(ParseResult parsed)
    {
        var options = new CompressionOptions
        {
            Method = Named<CompressionMethod>("--method", parsed.GetRequiredValue(_method)),
            Surgeon = Named<SurgeonMode>("--surgeon", parsed.GetRequiredValue(_surgeon)),
            Ratios = parsed.GetRequiredValue(_ratios),
            Sequences = parsed.GetValue(_sequences),
            FisherSequences = parsed.GetValue(_fisherSequences),
            SurgeonOptions = new SurgeonOptions
            {
                Scale = parsed.GetValue(_scale), Damping = parsed.GetValue(_damping), SelectionDamping = parsed.GetValue(_hdamping), PoolFraction = parsed.GetValue(_alpha),
            },
            Dense = parsed.GetValue(_dense),
            StorageType = parsed.GetValue(_dtype) is { } type ? Named<DType>("--dtype", type) : null,
        };
        options.Validate();
        return options;
    }

    private static T Named<T>(string option, string value) where T : struct, Enum =>
        Enum.TryParse<T>(value, ignoreCase: true, out var result) && char.IsLetter(value[0])
            ? result
            : throw new InvalidInputException($"{option} {value}: unknown. Use {(typeof(T) == typeof(DType) ? "f32, f16 or bf16" : string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant())}.");
}
