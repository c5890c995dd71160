using SvdSurgeon.Backends;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Output.Progress;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Estimates;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Cli.Commands;

/// <summary>compress with integers: estimate, run, result.</summary>
internal sealed record BitsRun
{
    // Long enough to see how words hang together; the figures in docs/bits.md were measured with it.
    private const int UsualLength = 512;

    /// <summary>Path of the dense model.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of its files, where a recipe says it.</summary>
    public string? ModelHash { get; init; }

    /// <summary>Where the model is, if it is not at <see cref="Model"/>.</summary>
    public string? ModelPath { get; init; }

    /// <summary>Where a recipe's relative paths are looked up too, or null.</summary>
    public string? RecipeFolder { get; init; }

    /// <summary>Calibration data.</summary>
    public required CalibrationSource Calibration { get; init; }

    /// <summary>Evaluation data, or null.</summary>
    public EvaluationSource? Evaluation { get; init; }

    /// <summary>What is asked for.</summary>
    public required BitsOptions Options { get; init; }

    /// <summary>Nobody has said how much effort to take.</summary>
    public bool FreeEffort { get; init; }

    /// <summary>Nobody has said how many sequences to take.</summary>
    public bool FreeSequences { get; init; }

    /// <summary>Time to stay within, or null.</summary>
    public double? Minutes { get; init; }

    /// <summary>Where the results go.</summary>
    public required string Output { get; init; }

    /// <summary>What is to be said of the texts, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Runs.</summary>
    public int Execute(IBackend backend, long? memory, string? work, bool dryRun, bool json, CancellationToken cancellation)
    {
        int most = Minutes is null || !FreeSequences ? Options.Sequences : TimeBudget.MostSequences;
        using var opened = OpenedBitsRecipe.Open(
            new BitsRecipe
            {
                Model = new SourceFile(Model, ModelHash),
                Calibration = Calibration,
                Evaluation = Evaluation,
                Options = Options with { Sequences = most },
            },
            RecipeFolder,
            ModelPath,
            UsualLength
        );
        var (checkpoint, tokens, windows) = (opened.Model, opened.Calibration, opened.Evaluation);
        if (checkpoint.Compression is not null)
            throw new InvalidModelException($"{checkpoint.Path} is already compressed. Compress the dense model instead.");
        var model = DecoderModel.Load(checkpoint);
        if (Note is not null)
            Console.Error.WriteLine(Note);
        long available = memory ?? ProcessMemory.Available;
        var options = Options;
        if (FreeEffort && RoundingTraining.Bytes(model, tokens.Take(options.Sequences)) > available)
        {
            options = options with { Effort = 1 };
            Console.Error.WriteLine(
                $"Training the rounding takes more memory than the {Bytes.Text(available)} there are: --effort 1, rounding alone."
            );
        }
        if (options.PerplexityIncrease is not null && (dryRun || Minutes is not null))
            throw new InvalidInputException(
                "--target-ppl-increase: how long the search takes is not known before. Leave out --dry-run and --minutes, or give --bits."
            );
        bool measures =
            options.PerplexityIncrease is null
            && (Minutes is not null || dryRun || !json || ProgressView.Mode is ProgressMode.Json or ProgressMode.Plain);
        RunEstimate? estimate = null;
        if (measures)
        {
            var probe = MachineProbe.Measure(model, backend, tokens.Length);
            RunEstimate Estimate(BitsOptions chosen) =>
                BitsEstimate.Of(model, checkpoint.Bytes, chosen, tokens.Sequences, tokens.Length, windows?.Count ?? 0, available, probe);
            if (Minutes is { } minutes)
                options = TimeBudget.Choose(minutes, options, FreeEffort, FreeSequences, Output, Estimate);
            estimate = Estimate(options);
            if (dryRun && json)
                JsonOutput.Write(EstimateView.ToJson(estimate, checkpoint));
            else if (!json)
                EstimateView.Print(estimate, checkpoint, options, tokens, Output, available);
        }
        if (dryRun)
            return ExitCode.Success;
        if (Minutes is { } kept)
            using (new ResultFolder(Output).Claim())
                TimeBudget.Keep(Output, kept, options);
        var job = BitsJob.From(opened, Output, work) with { Options = options, Memory = memory };
        var result = ProgressView.Run(
            json,
            progress => BitsCompressor.Run(job, backend, progress, cancellation),
            estimate is null ? null : EstimateView.Expected(estimate)
        );
        InputWarnings.Print(result.Warnings);
        if (json)
            JsonOutput.Write(BitsOutput.Json(job, result));
        else
            BitsOutput.Print(job, result);
        return ExitCode.Success;
    }
}
