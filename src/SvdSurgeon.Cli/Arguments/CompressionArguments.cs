using System.CommandLine;
using System.Globalization;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>The options that choose a method and its parameters, shared by compress and plan.</summary>
internal sealed class CompressionArguments
{
    private const string Auto = "auto";
    private static readonly CompressionOptions Defaults = new() { Ratios = [] };

    private readonly Option<string> _method = new("--method")
    {
        Description = string.Join("; ", CompressionMethod.All.Select(method => $"{method}: {method.Sentence}")) + ".",
        DefaultValueFactory = _ => Defaults.Method.Name,
    };
    private readonly Option<string> _surgeon = new("--surgeon")
    {
        Description = "none, update (correct the kept singular values) or select (choose them first).",
        DefaultValueFactory = _ => "update",
    };
    private readonly Option<string> _whitening = new("--whitening")
    {
        Description = "cholesky, or eigen (exact on singular Gram matrices, no jitter).",
        DefaultValueFactory = _ => "cholesky",
    };
    private readonly Option<string> _allocate = new("--allocate")
    {
        Description = string.Join("; ", AllocationRule.All.Select(rule => $"{rule}: {rule.Sentence}")) + ".",
        DefaultValueFactory = _ => Defaults.Allocate.Name,
    };
    private readonly Option<string> _storage = new("--storage")
    {
        Description = "factored, r(m+n) numbers, or pivoted, r(m+n-r).",
        DefaultValueFactory = _ => "factored",
    };
    private readonly Option<string> _columns = new("--columns")
    {
        Description = "none, preserve (Duo-SVD) or refit.",
        DefaultValueFactory = _ => "none",
    };
    private readonly Option<string?> _sequential = new("--sequential")
    {
        Description =
            "Fit modules in order to the inputs of the compressed model; the value is the strength, 0 to 1, or auto: strength and "
            + "damping by the loss on held-out calibration sequences.",
    };
    private readonly Option<double> _sequentialDamping = new("--sequential-damping")
    {
        Description = "Damping of the sequential fit, relative to the mean diagonal.",
        DefaultValueFactory = _ => 1e-3,
    };
    private readonly Option<bool> _update = new("--update")
    {
        Description =
            "Fit left factors in order to the inputs of the compressed model (SVD-LLM's closed-form update); the surgeon works on the "
            + "result.",
    };
    private readonly Option<bool> _biasCorrection = new("--bias-correction")
    {
        Description = "Correct biases for the change of the mean output; modules without a bias get one.",
    };
    private readonly Option<int> _refine = new("--refine")
    {
        Description = "Collect the output gradients again at the compressed model, this many times (kfac).",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<int> _newton = new("--newton")
    {
        Description = "Newton steps that bring the compressed model's predictions closer to the dense model's (kfac).",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<string> _fisher = new("--fisher")
    {
        Description = "Samples of the spectral Fisher: sequences (published) or tokens.",
        DefaultValueFactory = _ => "sequences",
    };
    private readonly Option<string> _shrinkage = new("--shrinkage")
    {
        Description = "none, or ledoit-wolf: pulls a spectral Fisher of few samples towards a multiple of the identity.",
        DefaultValueFactory = _ => "none",
    };
    private readonly Option<double[]> _ratios = new("--ratio")
    {
        Description = "Kept fractions of the linear modules' parameters, such as 0.8 0.6 0.4.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<int> _sequences = new("--sequences")
    {
        Description = "Calibration sequences for whitening.",
        DefaultValueFactory = _ => Defaults.Sequences,
    };
    private readonly Option<int> _fisherSequences = new("--fisher-sequences")
    {
        Description = "Calibration sequences for the spectral Fisher.",
        DefaultValueFactory = _ => Defaults.FisherSequences,
    };
    private readonly Option<int> _klSequences = new("--kl-sequences")
    {
        Description = "Calibration sequences for the KL divergence of candidate ratios (--allocate dp or greedy).",
        DefaultValueFactory = _ => Defaults.KlSequences,
    };
    private readonly Option<string> _strength = new("--strength", "--scale")
    {
        Description =
            "c: strength of the surgeon's correction, or auto: c, alpha and damping by the loss on held-out calibration sequences.",
        DefaultValueFactory = _ => Defaults.SurgeonOptions.Scale.ToString(CultureInfo.InvariantCulture),
    };
    private readonly Option<double> _damping = new("--damping")
    {
        Description = "Damping of the correction, relative to the mean diagonal.",
        DefaultValueFactory = _ => Defaults.SurgeonOptions.Damping,
    };
    private readonly Option<double> _hdamping = new("--hdamping")
    {
        Description = "Damping of the selection, relative to the mean diagonal.",
        DefaultValueFactory = _ => Defaults.SurgeonOptions.SelectionDamping,
    };
    private readonly Option<double> _alpha = new("--alpha")
    {
        Description = "Fraction of the dropped components that takes part.",
        DefaultValueFactory = _ => Defaults.SurgeonOptions.PoolFraction,
    };
    private readonly Option<double> _firstOrder = new("--first-order")
    {
        Description =
            "Weight of the first-order term of the correction; 0 leaves it out, 1 takes the Fisher of sequences for the Hessian of the "
            + "mean loss.",
        DefaultValueFactory = _ => Defaults.SurgeonOptions.FirstOrderWeight,
    };
    private readonly Option<bool> _dense = new("--dense")
    {
        Description = "Write merged weights under the original names, for any other program.",
    };
    private readonly Option<string?> _dtype = new("--dtype")
    {
        Description = "Storage type of the written weights: f32, f16 or bf16. Default: the model's own, f16 for quantized models.",
    };

    /// <param name="ratios">The verb is about kept fractions; statistics serve all of them.</param>
    public CompressionArguments(bool ratios = true)
    {
        _ratios.Hidden = !ratios;
        if (!ratios)
            _ratios.DefaultValueFactory = _ => [0.5];
    }

    public void AddTo(Command command)
    {
        command.Add(Presets.Option());
        foreach (var option in All)
            command.Add(option);
    }

    /// <summary>Whether an option is given that only ranks have.</summary>
    public bool AsksForRanks(ParseResult parsed) =>
        All.Any(option => option != _sequences && parsed.GetResult(option) is { Implicit: false });

    /// <summary>--sequences where it is given.</summary>
    public int? Sequences(ParseResult parsed) => parsed.GetResult(_sequences) is { Implicit: false } ? parsed.GetValue(_sequences) : null;

    /// <summary>The options, checked; without ratios where a target decides.</summary>
    public CompressionOptions Read(ParseResult parsed, bool ratioFollows = false)
    {
        var options = new CompressionOptions
        {
            Method = One("--method", parsed.GetRequiredValue(_method), CompressionMethod.All),
            Surgeon = Named<SurgeonMode>("--surgeon", parsed.GetRequiredValue(_surgeon)),
            Whitening = Named<WhiteningForm>("--whitening", parsed.GetRequiredValue(_whitening)),
            Allocate = One("--allocate", parsed.GetRequiredValue(_allocate), AllocationRule.All),
            Storage = Named<StorageForm>("--storage", parsed.GetRequiredValue(_storage)),
            Columns =
                parsed.GetRequiredValue(_columns) is var columns && columns == "none" ? null : Named<ColumnMode>("--columns", columns),
            Sequential =
                parsed.GetValue(_sequential) is { } sequential && sequential != Auto
                    ? new SequentialOptions(Number("--sequential", sequential), parsed.GetValue(_sequentialDamping))
                    : null,
            SearchSequential = parsed.GetValue(_sequential) == Auto,
            SearchStrength = parsed.GetValue(_strength) == Auto,
            Update = parsed.GetValue(_update),
            BiasCorrection = parsed.GetValue(_biasCorrection),
            Refinements = parsed.GetValue(_refine),
            Newton = parsed.GetValue(_newton),
            Fisher = Named<FisherSamples>("--fisher", parsed.GetRequiredValue(_fisher)),
            Ratios = parsed.GetValue(_ratios) ?? [],
            Sequences = parsed.GetValue(_sequences),
            FisherSequences = parsed.GetValue(_fisherSequences),
            KlSequences = parsed.GetValue(_klSequences),
            SurgeonOptions = new SurgeonOptions
            {
                Scale = parsed.GetRequiredValue(_strength) is var c && c == Auto ? Defaults.SurgeonOptions.Scale : Number("--strength", c),
                Damping = parsed.GetValue(_damping),
                SelectionDamping = parsed.GetValue(_hdamping),
                PoolFraction = parsed.GetValue(_alpha),
                FirstOrderWeight = parsed.GetValue(_firstOrder),
                Shrinkage =
                    parsed.GetRequiredValue(_shrinkage) == "ledoit-wolf"
                        ? Shrinkage.LedoitWolf
                        : Named<Shrinkage>("--shrinkage", parsed.GetRequiredValue(_shrinkage), "none or ledoit-wolf"),
            },
            Dense = parsed.GetValue(_dense),
            StorageType = parsed.GetValue(_dtype) is { } type ? Named<DType>("--dtype", type) : null,
        };
        if (ratioFollows)
            options.ValidateForTarget();
        else
            options.Validate();
        return options;
    }

    private IReadOnlyList<Option> All =>
        [
            _method,
            _surgeon,
            _ratios,
            _whitening,
            _allocate,
            _storage,
            _columns,
            _sequential,
            _sequentialDamping,
            _update,
            _biasCorrection,
            _refine,
            _newton,
            _fisher,
            _shrinkage,
            _sequences,
            _fisherSequences,
            _klSequences,
            _strength,
            _damping,
            _hdamping,
            _alpha,
            _firstOrder,
            _dense,
            _dtype,
        ];

    private static double Number(string option, string value) =>
        StrictNumber.TryDouble(value, out double number)
            ? number
            : throw new InvalidInputException($"{option} {value}: not a number. Use a number or auto.");

    private static T One<T>(string option, string value, IReadOnlyList<T> all)
        where T : class =>
        all.FirstOrDefault(one => value.Equals(one.ToString(), StringComparison.OrdinalIgnoreCase))
        ?? throw new InvalidInputException($"{option} {value}: unknown. Use {string.Join(", ", all)}.");

    private static T Named<T>(string option, string value, string? names = null)
        where T : struct, Enum =>
        Enum.TryParse<T>(value, ignoreCase: true, out var result) && char.IsLetter(value[0])
            ? result
            : throw new InvalidInputException($"{option} {value}: unknown. Use {names ?? Names<T>()}.");

    private static string Names<T>()
        where T : struct, Enum =>
        typeof(T) == typeof(DType) ? "f32, f16 or bf16" : string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant();
}
