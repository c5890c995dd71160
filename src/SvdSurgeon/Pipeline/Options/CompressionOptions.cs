using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.IO;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>
/// All that determines a compressed model besides the model and the calibration data. The defaults are docs/methods.md's.
/// </summary>
public sealed record CompressionOptions
{
    /// <summary>Scaling before the decomposition.</summary>
    public CompressionMethod Method { get; init; } = CompressionMethod.Whiten;

    /// <summary>Correction after the truncation.</summary>
    public SurgeonMode Surgeon { get; init; } = SurgeonMode.Update;

    /// <summary>Kept fractions of the linear modules' parameters, each above 0 and below 1.</summary>
    public required IReadOnlyList<double> Ratios { get; init; }

    /// <summary>Sequences for the Gram matrices.</summary>
    public int Sequences { get; init; } = 256;

    /// <summary>Sequences for the spectral Fisher.</summary>
    public int FisherSequences { get; init; } = 512;

    /// <summary>Sequences that the KL divergence of candidates is measured on (dp, greedy).</summary>
    public int KlSequences { get; init; } = 32;

    /// <summary>Strength, dampings and pool of the surgeon.</summary>
    internal SurgeonOptions SurgeonOptions { get; init; } = new();

    /// <summary>How Gram matrices are factored.</summary>
    internal WhiteningForm Whitening { get; init; } = WhiteningForm.Cholesky;

    /// <summary>How the budget is distributed.</summary>
    public AllocationRule Allocate { get; init; } = AllocationRule.Uniform;

    /// <summary>Factored, r(m+n) numbers, or pivoted, r(m+n−r) and r indices.</summary>
    public StorageForm Storage { get; init; } = StorageForm.Factored;

    /// <summary>Keep columns beside the low-rank part (Duo-SVD); null for none.</summary>
    public ColumnMode? Columns { get; init; }

    /// <summary>The sequential pass; null for none.</summary>
    internal SequentialOptions? Sequential { get; init; }

    /// <summary>
    /// β and λ of every layer, where a search found that they should differ; null for <see cref="Sequential"/> everywhere.
    /// </summary>
    internal IReadOnlyList<SequentialOptions>? SequentialByLayer { get; init; }

    /// <summary>Choose β and λ on held-out calibration sequences, or leave the sequential pass out.</summary>
    public bool SearchSequential { get; init; }

    /// <summary>Choose c, α and ε on held-out calibration sequences, or leave the surgeon out.</summary>
    public bool SearchStrength { get; init; }

    /// <summary>
    /// c, α and ε of every layer, where a search found that they should differ; null for <see cref="SurgeonOptions"/> everywhere.
    /// </summary>
    internal IReadOnlyList<SurgeonOptions>? SurgeonByLayer { get; init; }

    /// <summary>
    /// The α that vectors and Fishers are collected for, at least that of any layer; null for the surgeon's own. One for several α saves
    /// passes.
    /// </summary>
    public double? CollectedPool { get; init; }

    /// <summary>Fit every module's left factor anew to the inputs of the model compressed so far (SVD-LLM's closed-form update).</summary>
    public bool Update { get; init; }

    /// <summary>Correct biases for the change of the mean output; modules without a bias get one.</summary>
    public bool BiasCorrection { get; init; }

    /// <summary>
    /// How often the output gradients are collected again, at the model compressed so far, and everything after them is made anew (kfac).
    /// </summary>
    public int Refinements { get; init; }

    /// <summary>Newton steps towards the dense model's predictions from the model compressed so far (kfac); 0 for none.</summary>
    public int Newton { get; init; }

    /// <summary>Samples of the spectral Fisher.</summary>
    internal FisherSamples Fisher { get; init; } = FisherSamples.Sequences;

    /// <summary>Write merged weights under the original names instead of factors.</summary>
    public bool Dense { get; init; }

    /// <summary>Storage type of the written weights; null for the model's own, fp16 for quantized models.</summary>
    public DType? StorageType { get; init; }

    /// <summary>
    /// The type that numbers stored as <paramref name="stored"/> are written in: <see cref="StorageType"/> where it is given, else their
    /// own; quantized ones become fp16, because factors of a weight matrix have no block structure to keep.
    /// </summary>
    public DType WrittenType(DType stored) =>
        stored.IsFloat() ? StorageType ?? stored
        : stored.IsQuantized() ? StorageType ?? DType.F16
        : stored;

    /// <summary>Ranks are chosen by measured KL divergence.</summary>
    internal bool MeasuresKl => Allocate.MeasuresDivergence;

    /// <summary>The spectral Fisher is collected, for the surgeon or for the ranks.</summary>
    internal bool NeedsFisher => Surgeon != SurgeonMode.None || Allocate.NeedsFisher;

    /// <summary>Calibration sequences that the statistics need.</summary>
    public int CalibrationSequences => Math.Max(Sequences, Math.Max(NeedsFisher ? FisherSequences : 0, MeasuresKl ? KlSequences : 0));

    /// <summary>Whether a part of the calibration sequences is kept out of all statistics to judge by.</summary>
    internal bool Searches => Method.IsSearch || SearchSequential || SearchStrength;

    /// <summary>α that vectors and Fishers are collected for.</summary>
    internal double PoolFraction => CollectedPool ?? SurgeonOptions.PoolFraction;

    /// <summary>The surgeon's options in one layer.</summary>
    internal SurgeonOptions SurgeonOf(int layer) => SurgeonByLayer?[layer] ?? SurgeonOptions;

    /// <summary>The sequential pass's options in one layer.</summary>
    internal SequentialOptions SequentialOf(int layer) => SequentialByLayer?[layer] ?? Sequential!;

    /// <summary>The options that determine the numbers of a compressed model, all but the ratios.</summary>
    public JsonObject ToJson() =>
        new(OptionTable.All.Where(option => !option.IsPart).Select(option => KeyValuePair.Create(option.Key, option.Write(this))));

    /// <summary>Options from what <see cref="ToJson"/> wrote, or a person: what is not there has its default.</summary>
    /// <param name="json">The options' object.</param>
    /// <param name="ratios">Kept fractions.</param>
    /// <param name="file">What the file is called in an error message.</param>
    /// <exception cref="InvalidInputException">A key is unknown or a value is of another kind; whether values fit together says
    /// <see cref="Validate"/>.</exception>
    public static CompressionOptions FromJson(JsonObject json, IReadOnlyList<double> ratios, string file) =>
        Read(new StrictObject(json, file), ratios);

    internal static CompressionOptions Read(StrictObject json, IReadOnlyList<double> ratios)
    {
        var options = new CompressionOptions { Ratios = ratios };
        foreach (var option in OptionTable.All.Where(option => !option.IsPart).OrderBy(option => option.FollowsOthers))
            options = option.Read(json, options);
        json.RequireNothingElse();
        return options;
    }

    /// <summary>Checks every option.</summary>
    /// <exception cref="InvalidInputException">One is out of range.</exception>
    public void Validate() => Check(ratioFollows: false);

    /// <summary>Checks every option for a run whose target decides the ratio: there must be none.</summary>
    /// <exception cref="InvalidInputException">One is out of range.</exception>
    public void ValidateForTarget() => Check(ratioFollows: true);

    private void Check(bool ratioFollows)
    {
        if (ratioFollows && Ratios.Count > 0)
            throw new InvalidInputException(
                "--ratio and a target (--target-size, --target-ppl-increase) exclude each other: the target decides what is kept."
            );
        if (Ratios.Count == 0 && !ratioFollows)
            throw new InvalidInputException(
                "--ratio: give at least one kept fraction, such as --ratio 0.8, or a target (--target-size, --target-ppl-increase)."
            );
        foreach (double ratio in Ratios)
            if (!(ratio > 0 && ratio < 1))
                throw new InvalidInputException(
                    $"--ratio {Text(ratio)}: the kept fraction must be above 0 and below 1. To keep 80 % of the parameters write --ratio "
                        + $"0.8."
                );
        if (Ratios.Distinct().Count() != Ratios.Count)
            throw new InvalidInputException("--ratio: the same kept fraction is given twice.");
        foreach (var option in OptionTable.All)
            option.Check(this);
        if (Allocate.ComparesModules && !Method.ModelsLoss)
            throw new InvalidInputException(
                $"--allocate {Allocate} needs --method {LossModels}: singular values of '{Method}' cannot be "
                    + $"compared across modules, and ranks chosen by them ruin the model."
            );
        if (Refinements > 0 && !Method.ModelsLoss)
            throw new InvalidInputException($"--refine needs --method {LossModels}: it collects the output gradients again.");
        if (Newton > 0 && !Method.ModelsLoss)
            throw new InvalidInputException($"--newton needs --method {LossModels}: its second-order model of the loss gives the steps.");
        if (Newton > 0 && Columns is not null)
            throw new InvalidInputException("--newton and --columns exclude each other.");
        if (Columns is not null && Storage == StorageForm.Pivoted)
            throw new InvalidInputException(
                "--columns and --storage pivoted exclude each other: kept columns are counted with factored storage."
            );
        if (Columns is not null && !Method.IsWhitened)
            throw new InvalidInputException($"--columns needs a whitened metric. Use --method {Whitened}, not {Method}.");
        if (Columns is not null && Sequential is not null)
            throw new InvalidInputException("--columns and --sequential exclude each other.");
        if (Sequential is not null && !Method.IsWhitened)
            throw new InvalidInputException($"--sequential needs --method {Whitened}, not {Method}.");
        if (Update && (Sequential is not null || SearchSequential))
            throw new InvalidInputException(
                "--update and --sequential exclude each other: both fit modules to the inputs of the compressed model."
            );
        if (BiasCorrection && (Update || Sequential is not null || SearchSequential))
            throw new InvalidInputException(
                $"--bias-correction and --{(Update ? "update" : "sequential")} exclude each other: the correction is made from the "
                    + $"inputs of the dense model."
            );
        if (Method.IsSearch && (Update || BiasCorrection))
            throw new InvalidInputException(
                $"--{(Update ? "update" : "bias-correction")} and --method auto exclude each other: auto chooses the steps itself."
            );
        if (SearchSequential && Columns is not null)
            throw new InvalidInputException("--columns and --sequential auto exclude each other.");
        if (SearchSequential && !Method.IsWhitened && !Method.IsSearch)
            throw new InvalidInputException($"--sequential auto needs --method {Whitened}, not {Method}.");
        if (SearchStrength && Surgeon == SurgeonMode.None && !Method.IsSearch)
            throw new InvalidInputException(
                "--strength auto needs --surgeon update or select: without the surgeon there is nothing to choose."
            );
        if (CollectedPool is { } collected && !(collected >= (SurgeonByLayer ?? [SurgeonOptions]).Max(o => o.PoolFraction)))
            throw new InvalidInputException($"{nameof(CollectedPool)} {Text(collected)}: must be at least the α of every layer.");
    }

    private static string LossModels => CompressionMethod.NamesWhere(method => method.ModelsLoss);
    private static string Whitened => CompressionMethod.NamesWhere(method => method.IsWhitened);

    private static string Text(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
