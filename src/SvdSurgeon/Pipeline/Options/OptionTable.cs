using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>
/// Every option of a compression, a row each, in the order of the JSON: its name there and on the command line, the kind and range of its
/// values, where it stands in <see cref="CompressionOptions"/> (and with that its default), and its help. Reading and writing JSON, the
/// command line, the recipe's schema and docs/options.md follow from it. Which artifacts it decides about says
/// <see cref="Artifacts.ArtifactOptions"/>.
/// </summary>
internal static class OptionTable
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<CompressionOption> All { get; } =
    [
        Row(
            "method",
            "--method",
            new NamedValue<CompressionMethod>([.. CompressionMethod.All.Select(method => (method, (string?)method.Name))]),
            o => o.Method,
            (o, v) => o with { Method = v },
            string.Join("; ", CompressionMethod.All.Select(method => $"{method}: {method.Sentence}")) + "."
        ),
        Row(
            "surgeon",
            "--surgeon",
            Names<SurgeonMode>(),
            o => o.Surgeon,
            (o, v) => o with { Surgeon = v },
            "none, update (correct the kept singular values) or select (choose them first)."
        ),
        Row(
            "whitening",
            "--whitening",
            Names<WhiteningForm>(),
            o => o.Whitening,
            (o, v) => o with { Whitening = v },
            "cholesky, or eigen (exact on singular Gram matrices, no jitter)."
        ),
        Row(
            "allocate",
            "--allocate",
            new NamedValue<AllocationRule>([.. AllocationRule.All.Select(rule => (rule, (string?)rule.Name))]),
            o => o.Allocate,
            (o, v) => o with { Allocate = v },
            string.Join("; ", AllocationRule.All.Select(rule => $"{rule}: {rule.Sentence}")) + "."
        ),
        Row(
            "storage",
            "--storage",
            Names<StorageForm>(),
            o => o.Storage,
            (o, v) => o with { Storage = v },
            "factored, r(m+n) numbers, or pivoted, r(m+n-r)."
        ),
        Row(
            "columns",
            "--columns",
            new NamedValue<ColumnMode?>([(null, "none"), (ColumnMode.Preserve, "preserve"), (ColumnMode.Refit, "refit")]),
            o => o.Columns,
            (o, v) => o with { Columns = v },
            "none, preserve (Duo-SVD) or refit."
        ),
        Row(
            "sequential",
            "--sequential",
            StructuredOptions.Sequential,
            o => o.Sequential,
            (o, v) => o with { Sequential = v },
            "Fit modules in order to the inputs of the compressed model; the value is the strength, 0 to 1, or auto: strength and damping "
                + "by the loss on held-out calibration sequences.",
            auto: o => o with { SearchSequential = true }
        ),
        Row(
            "sequential.damping",
            "--sequential-damping",
            new NumberValue(0),
            o => (o.Sequential ?? new SequentialOptions()).Damping,
            (o, v) => o.Sequential is { } pass ? o with { Sequential = pass with { Damping = v } } : o,
            "Damping of the sequential fit, relative to the mean diagonal."
        ),
        Row(
            "sequential_by_layer",
            null,
            StructuredOptions.SequentialByLayer,
            o => o.SequentialByLayer,
            (o, v) => o with { SequentialByLayer = v },
            "Strength and damping of every layer; null for 'sequential' everywhere."
        ),
        Row(
            "sequential_search",
            null,
            new FlagValue(),
            o => o.SearchSequential,
            (o, v) => o with { SearchSequential = v },
            "Choose strength and damping on held-out calibration sequences, or leave the pass out (--sequential auto)."
        ),
        Row(
            "update",
            "--update",
            new FlagValue(),
            o => o.Update,
            (o, v) => o with { Update = v },
            "Fit left factors in order to the inputs of the compressed model (SVD-LLM's closed-form update); the surgeon works on the "
                + "result."
        ),
        Row(
            "bias_correction",
            "--bias-correction",
            new FlagValue(),
            o => o.BiasCorrection,
            (o, v) => o with { BiasCorrection = v },
            "Correct biases for the change of the mean output; modules without a bias get one."
        ),
        Row(
            "refinements",
            "--refine",
            new IntegerValue(0),
            o => o.Refinements,
            (o, v) => o with { Refinements = v },
            "Collect the output gradients again at the compressed model, this many times (kfac)."
        ),
        Row(
            "newton",
            "--newton",
            new IntegerValue(0),
            o => o.Newton,
            (o, v) => o with { Newton = v },
            "Newton steps that bring the compressed model's predictions closer to the dense model's (kfac)."
        ),
        Row(
            "fisher",
            "--fisher",
            Names<FisherSamples>(),
            o => o.Fisher,
            (o, v) => o with { Fisher = v },
            "Samples of the spectral Fisher: sequences (published) or tokens."
        ),
        Row(
            "sequences",
            "--sequences",
            new IntegerValue(1),
            o => o.Sequences,
            (o, v) => o with { Sequences = v },
            "Calibration sequences for whitening."
        ),
        Row(
            "fisher_sequences",
            "--fisher-sequences",
            new IntegerValue(1),
            o => o.FisherSequences,
            (o, v) => o with { FisherSequences = v },
            "Calibration sequences for the spectral Fisher."
        ),
        Row(
            "kl_sequences",
            "--kl-sequences",
            new IntegerValue(1),
            o => o.KlSequences,
            (o, v) => o with { KlSequences = v },
            "Calibration sequences for the KL divergences that --allocate measures."
        ),
        Row(
            "scale",
            "--strength",
            new NumberValue(0),
            o => o.SurgeonOptions.Scale,
            (o, v) => o with { SurgeonOptions = o.SurgeonOptions with { Scale = v } },
            "Strength of the surgeon's correction (c), or auto: strength, pool and damping by the loss on held-out calibration sequences.",
            auto: o => o with { SearchStrength = true },
            alias: "--scale"
        ),
        Row(
            "damping",
            "--damping",
            new NumberValue(0),
            o => o.SurgeonOptions.Damping,
            (o, v) => o with { SurgeonOptions = o.SurgeonOptions with { Damping = v } },
            "Damping of the correction (ε), relative to the mean diagonal."
        ),
        Row(
            "hdamping",
            "--hdamping",
            new NumberValue(0),
            o => o.SurgeonOptions.SelectionDamping,
            (o, v) => o with { SurgeonOptions = o.SurgeonOptions with { SelectionDamping = v } },
            "Damping of the selection (η), relative to the mean diagonal.",
            alias: "--selection-damping"
        ),
        Row(
            "alpha",
            "--alpha",
            new NumberValue(0, 1),
            o => o.SurgeonOptions.PoolFraction,
            (o, v) => o with { SurgeonOptions = o.SurgeonOptions with { PoolFraction = v } },
            "Fraction of the dropped components that takes part, the pool (α).",
            alias: "--pool-fraction"
        ),
        Row(
            "collected_alpha",
            null,
            StructuredOptions.OptionalFraction,
            o => o.CollectedPool,
            (o, v) => o with { CollectedPool = v },
            "Largest alpha that vectors and Fishers are collected for; null for 'alpha'."
        ),
        Row(
            "surgeon_by_layer",
            null,
            StructuredOptions.SurgeonByLayer,
            o => o.SurgeonByLayer,
            (o, v) => o with { SurgeonByLayer = v },
            "The surgeon's strength, damping and pool in every layer; null for the same everywhere.",
            followsOthers: true
        ),
        Row(
            "strength_search",
            null,
            new FlagValue(),
            o => o.SearchStrength,
            (o, v) => o with { SearchStrength = v },
            "Choose strength, pool and damping on held-out calibration sequences, or leave the surgeon out (--strength auto)."
        ),
        Row(
            "shrinkage",
            "--shrinkage",
            new NamedValue<Shrinkage>([(Shrinkage.None, "none"), (Shrinkage.LedoitWolf, "ledoit-wolf")]),
            o => o.SurgeonOptions.Shrinkage,
            (o, v) => o with { SurgeonOptions = o.SurgeonOptions with { Shrinkage = v } },
            "none, or ledoit-wolf: pulls a spectral Fisher of few samples towards a multiple of the identity."
        ),
        Row(
            "first_order",
            "--first-order",
            new NumberValue(0),
            o => o.SurgeonOptions.FirstOrderWeight,
            (o, v) => o with { SurgeonOptions = o.SurgeonOptions with { FirstOrderWeight = v } },
            "Weight of the first-order term of the correction; 0 leaves it out, 1 takes the Fisher of sequences for the Hessian of the "
                + "mean loss."
        ),
        Row(
            "dense",
            "--dense",
            new FlagValue(),
            o => o.Dense,
            (o, v) => o with { Dense = v },
            "Write merged weights under the original names, for any other program."
        ),
        Row(
            "dtype",
            "--dtype",
            new NamedValue<DType?>([(DType.F32, "f32"), (DType.F16, "f16"), (DType.BF16, "bf16"), (null, null)]),
            o => o.StorageType,
            (o, v) => o with { StorageType = v },
            "Storage type of the written weights: f32, f16 or bf16. Default: the model's own, f16 for quantized models."
        ),
    ];

    /// <summary>The row of a key.</summary>
    public static CompressionOption Named(string key) => All.First(option => option.Key == key);

    private static CompressionOption Row<T>(
        string key,
        string? commandLine,
        OptionValue<T> value,
        Func<CompressionOptions, T> get,
        Func<CompressionOptions, T, CompressionOptions> with,
        string help,
        Func<CompressionOptions, CompressionOptions>? auto = null,
        string? alias = null,
        bool followsOthers = false
    ) =>
        new CompressionOption<T>(key, value, get, with)
        {
            CommandLine = commandLine,
            Alias = alias,
            Help = help,
            Auto = auto,
            FollowsOthers = followsOthers,
        };

    private static NamedValue<T> Names<T>()
        where T : struct, Enum => new([.. Enum.GetValues<T>().Select(value => (value, (string?)value.ToString().ToLowerInvariant()))]);
}
