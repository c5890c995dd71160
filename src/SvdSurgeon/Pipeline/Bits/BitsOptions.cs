using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Quantization;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>All that determines a model of integers besides the model and the calibration data.</summary>
public sealed record BitsOptions
{
    /// <summary>The embedding and head keep the type that they have.</summary>
    public const int KeepEmbedding = 16;

    /// <summary>Bits per weight of the linear modules, packed integers, scales and shapes counted; a result each.</summary>
    public IReadOnlyList<double> Bits { get; init; } = [];

    /// <summary>Weight files of at most so many bytes, one result, instead of <see cref="Bits"/>.</summary>
    public long? TargetBytes { get; init; }

    /// <summary>
    /// Perplexity on the evaluation data at most (1 + this) times the dense model's, one result as small as that allows, instead of
    /// <see cref="Bits"/>.
    /// </summary>
    public double? PerplexityIncrease { get; init; }

    /// <summary>Calibration sequences that statistics come from.</summary>
    public int Sequences { get; init; } = 64;

    /// <summary>Bits of the embedding and the head, 4 to 8, or <see cref="KeepEmbedding"/>.</summary>
    public int EmbeddingBits { get; init; } = 8;

    /// <summary>How numbers are rounded.</summary>
    internal RoundingMethod Rounding { get; init; } = RoundingMethod.Feedback;

    /// <summary>The same bits in every module: a control.</summary>
    public bool EqualBits { get; init; }

    /// <summary>Time to spend: 1 for rounding alone, 2 to 5 for more and more steps of <see cref="RoundingTraining"/> after it.</summary>
    public int Effort { get; init; } = 3;

    /// <summary>Steps of the training.</summary>
    internal int TrainingSteps =>
        Effort switch
        {
            1 => 0,
            2 => 8,
            3 => 16,
            4 => 48,
            _ => 128,
        };

    /// <summary>Checks every value.</summary>
    /// <exception cref="InvalidInputException">One makes no sense.</exception>
    public void Validate()
    {
        if ((Bits.Count > 0 ? 1 : 0) + (TargetBytes is null ? 0 : 1) + (PerplexityIncrease is null ? 0 : 1) != 1)
            throw new InvalidInputException("Give one of --bits, --target-size and --target-ppl-increase.");
        foreach (double bits in Bits)
            if (!(bits >= IntegerGrid.FewestBits && bits <= BitsTable.MostBitsPerWeight))
                throw new InvalidInputException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"--bits {bits}: bits per weight lie between {IntegerGrid.FewestBits} and {BitsTable.MostBitsPerWeight}, scales "
                            + $"counted."
                    )
                );
        if (Bits.Distinct().Count() != Bits.Count)
            throw new InvalidInputException("--bits: a number stands there twice.");
        if (Sequences < 1)
            throw new InvalidInputException($"--sequences {Sequences}: at least 1 is needed.");
        if (Effort is < 1 or > 5)
            throw new InvalidInputException($"--effort {Effort}: use 1 (rounding alone) to 5.");
        if (EmbeddingBits is not (>= 4 and <= 8) and not KeepEmbedding)
            throw new InvalidInputException(
                $"--embedding-bits {EmbeddingBits}: use 4 to 8, or {KeepEmbedding} to keep what the model has."
            );
    }

    /// <summary>Reads them from a recipe.</summary>
    /// <param name="recipe">Has the sizes.</param>
    /// <param name="options">Has what <see cref="ToJson"/> writes.</param>
    /// <exception cref="InvalidInputException">A key is unknown or a value is of another kind.</exception>
    internal static BitsOptions Read(StrictObject recipe, StrictObject options)
    {
        var defaults = new BitsOptions();
        long? target =
            recipe.OptionalNumber("target_bytes") is not { } bytes ? null
            : bytes >= 1 && bytes < long.MaxValue && bytes == Math.Floor(bytes) ? (long)bytes
            : throw new InvalidInputException($"target_bytes {bytes}: give a whole number above 0.");
        var read = new BitsOptions
        {
            Bits = recipe.Numbers("bits"),
            TargetBytes = target,
            Sequences = options.Integer("sequences", defaults.Sequences),
            EmbeddingBits = options.Integer("embedding_bits", defaults.EmbeddingBits),
            Rounding = options.Named("rounding", Enum.GetNames<RoundingMethod>().Select(name => name.ToLowerInvariant())) is { } rounding
                ? Enum.Parse<RoundingMethod>(rounding, ignoreCase: true)
                : defaults.Rounding,
            EqualBits = options.Flag("equal_bits", defaults.EqualBits),
            Effort = options.Integer("effort", defaults.Effort),
        };
        options.RequireNothingElse();
        return read;
    }

    /// <summary>What decides about the integers at a given budget, for keys and descriptions.</summary>
    internal JsonObject ToJson() =>
        new()
        {
            ["sequences"] = Sequences,
            ["embedding_bits"] = EmbeddingBits,
            ["rounding"] = Rounding.ToString().ToLowerInvariant(),
            ["equal_bits"] = EqualBits,
            ["effort"] = Effort,
        };
}
