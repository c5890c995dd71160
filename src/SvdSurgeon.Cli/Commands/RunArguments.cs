using System.CommandLine;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Cli.Commands;

/// <summary>How a recipe is run, whatever it says: options that change no result.</summary>
internal sealed class RunArguments
{
    private readonly Option<string?> _work = new("--work")
    {
        Description = "Folder for statistics and factors, reused by later runs. Default: OUT/work.",
    };
    private readonly Option<string?> _statistics = new("--stats")
    {
        Description = "Folder of statistics (from stats or merge) to use; refused where they were collected from something else.",
    };
    private readonly Option<string?> _memory = CommonOptions.Memory();
    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Check everything and print the plan; compute and write nothing.",
    };
    private readonly BackendArguments _backend = new();
    private readonly Option<bool> _json = CommonOptions.Json();

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_work, _statistics, _memory, _dryRun])
            command.Add(option);
        _backend.AddTo(command);
        command.Add(_json);
    }

    /// <summary>Runs an opened recipe and prints what it gave.</summary>
    public int Execute(ParseResult parsed, OpenedRecipe recipe, string output, CancellationToken cancellation)
    {
        var options = recipe.Recipe.Options;
        DataArguments.WarnOfFewSequences(recipe);
        long? memory = CommonOptions.ReadMemory(parsed.GetValue(_memory));
        bool quiet = parsed.GetValue(_json);
        using var backend = _backend.Open(parsed);
        if (parsed.GetValue(_dryRun))
        {
            if (recipe.Target is { } target)
                throw new InvalidInputException(
                    $"--dry-run: the ratio for {target.Text} is known only after the statistics. Give --ratio to see a plan."
                );
            PlanCommand.Print(recipe.Model, options, recipe.Calibration.Length, backend, quiet);
            return ExitCode.Success;
        }
        var job = CompressionJob.From(recipe, output, parsed.GetValue(_work)) with
        {
            Statistics = parsed.GetValue(_statistics),
            Memory = memory,
        };
        var result = ProgressView.Run(quiet, progress => Compressor.Run(job, backend, progress, cancellation));
        foreach (string warning in result.Warnings)
            Console.Error.WriteLine($"svdsurgeon: warning: {warning}");
        if (quiet)
            JsonOutput.Write(CompressionJson.Of(recipe, result));
        else
            CompressionTable.Print(options, result);
        return ExitCode.Success;
    }
}
