using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Cli.Output.Progress;
using SvdSurgeon.Cli.Output.Results;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Estimates;

namespace SvdSurgeon.Cli.Output;

/// <summary>What a run will take and give, before it begins.</summary>
internal static class EstimateView
{
    // SmolLM2-135M, docs/bits.md: bits and what they lost.
    private static readonly (double Bits, double Lost)[] Measured = [(5.5, 0.0046), (4.5, 0.039), (4, 0.118), (3.5, 0.219), (3, 0.51)];

    /// <summary>Sizes, effort, time, memory and disk, in a few lines.</summary>
    public static void Print(RunEstimate estimate, Checkpoint model, BitsOptions options, TokenSet calibration, string output, long memory)
    {
        foreach (var (name, bytes) in estimate.Results)
        {
            Console.WriteLine(
                $"{Bytes.Text(model.Bytes)} -> about {Bytes.Text(bytes)} ({ResultTable.Change((double)bytes / model.Bytes)}), "
                    + Path.Combine(output, name)
            );
            if (SizeWarning.Of(name, bytes, model.Bytes, ranks: false) is { } larger)
                Console.Error.WriteLine($"svdsurgeon: warning: {larger}");
        }
        Console.WriteLine(
            $"{Math.Min(options.Sequences, calibration.Sequences)} sequences of {calibration.Length} tokens, effort {options.Effort} of 5."
        );
        Console.WriteLine(
            $"Estimate: {Duration.Text(estimate.Seconds)}, {Bytes.Text(estimate.MemoryBytes)} of memory, "
                + $"{Bytes.Text(estimate.WorkBytes + estimate.Results.Sum(result => result.Bytes))} of disk (svdsurgeon clean frees most)."
        );
        if (estimate.MemoryBytes > memory)
            Console.Error.WriteLine($"svdsurgeon: warning: that is more than the {Bytes.Text(memory)} of memory there are.");
        if (Loss(options) is { } loss)
            Console.WriteLine(loss);
    }

    /// <summary>The same as one object.</summary>
    public static JsonObject ToJson(RunEstimate estimate, Checkpoint model) =>
        new()
        {
            ["model"] = model.Path,
            ["bytes"] = model.Bytes,
            ["results"] = new JsonArray([
                .. estimate.Results.Select(result => new JsonObject { ["name"] = result.Name, ["bytes"] = result.Bytes }),
            ]),
            ["estimate"] = new JsonObject
            {
                ["seconds"] = Math.Round(estimate.Seconds, 1),
                ["memory_bytes"] = estimate.MemoryBytes,
                ["work_bytes"] = estimate.WorkBytes,
                ["stages"] = new JsonArray([
                    .. estimate.Stages.Select(stage => new JsonObject
                    {
                        ["name"] = stage.Name,
                        ["seconds"] = Math.Round(stage.Seconds, 1),
                    }),
                ]),
            },
        };

    /// <summary>The steps, for the progress bar.</summary>
    public static IReadOnlyList<ExpectedStage> Expected(RunEstimate estimate) =>
        [.. estimate.Stages.Select(stage => new ExpectedStage(stage.Name, stage.Seconds))];

    // Only sizes that were measured have a figure.
    private static string? Loss(BitsOptions options)
    {
        var known = Measured.Where(measured => options.Bits.Contains(measured.Bits)).ToList();
        return known.Count == 0
            ? null
            : "For comparison, SmolLM2-135M's perplexity rose by "
                + string.Join(", ", known.Select(m => FormattableString.Invariant($"{100 * (Math.Exp(m.Lost) - 1):F1} % at {m.Bits} bits")))
                + " (docs/bits.md).";
    }
}
