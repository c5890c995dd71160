using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Estimates;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>
/// --minutes: the most calibration text and effort that a time allows on this machine. What was chosen is kept beside the results, so that
/// the same command goes on with it.
/// </summary>
internal static class TimeBudget
{
    /// <summary>More calibration sequences than this are never chosen.</summary>
    public const int MostSequences = 256;
    private const string FileName = "minutes.json";

    // Each step takes longer than the one before and loses less on the models that were tried.
    private static readonly (int Effort, int Sequences)[] Ladder =
    [
        (1, 16),
        (1, 32),
        (2, 32),
        (2, 64),
        (3, 64),
        (3, 128),
        (4, 128),
        (5, 128),
        (5, MostSequences),
    ];

    /// <summary>The options that fit.</summary>
    /// <param name="minutes">The time.</param>
    /// <param name="options">What was asked for otherwise.</param>
    /// <param name="freeEffort">The effort may be chosen.</param>
    /// <param name="freeSequences">The sequences may be chosen.</param>
    /// <param name="output">The output folder.</param>
    /// <param name="estimate">What a choice would take.</param>
    /// <exception cref="InvalidInputException">The time makes no sense.</exception>
    public static BitsOptions Choose(
        double minutes,
        BitsOptions options,
        bool freeEffort,
        bool freeSequences,
        string output,
        Func<BitsOptions, RunEstimate> estimate
    )
    {
        if (!(minutes > 0 && double.IsFinite(minutes)))
            throw new InvalidInputException(FormattableString.Invariant($"--minutes {minutes}: give a time above 0, such as 10."));
        string file = Path.Combine(output, FileName);
        BitsOptions With((int Effort, int Sequences) step) =>
            options with
            {
                Effort = freeEffort ? step.Effort : options.Effort,
                Sequences = freeSequences ? step.Sequences : options.Sequences,
            };
        if (File.Exists(file) && JsonFile.ReadObject(file) is var kept && (double?)kept["minutes"] == minutes)
            return With(((int)kept["effort"]!, (int)kept["sequences"]!));
        var fitting = With(Ladder[0]);
        if (estimate(fitting).Seconds > 60 * minutes)
            Console.Error.WriteLine($"--minutes: even the least work is estimated to take {Duration.Text(estimate(fitting).Seconds)}.");
        foreach (var step in Ladder.Skip(1))
            if (With(step) is var next && estimate(next).Seconds <= 60 * minutes)
                fitting = next;
        return fitting;
    }

    /// <summary>Keeps the choice beside the results, once the output folder is the run's.</summary>
    public static void Keep(string output, double minutes, BitsOptions chosen) =>
        AtomicFile.WriteAllText(
            Path.Combine(output, FileName),
            JsonText.Indented(
                new JsonObject
                {
                    ["minutes"] = minutes,
                    ["effort"] = chosen.Effort,
                    ["sequences"] = chosen.Sequences,
                }
            )
        );
}
