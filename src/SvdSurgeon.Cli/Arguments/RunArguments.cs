using System.CommandLine;
using SvdSurgeon.Backends;
using SvdSurgeon.Cli.Cluster;
using SvdSurgeon.Cli.Commands;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Output.Progress;
using SvdSurgeon.Cli.Output.Results;
using SvdSurgeon.Cli.Tasks;
using SvdSurgeon.Export;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Cli.Arguments;

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
    private readonly TaskArguments _tasks = new("--eval-task");
    private readonly BackendArguments _backend = new();
    private readonly ExportArguments _export = new(required: false);
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly ClusterArguments _cluster = new();

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_work, _statistics, _memory, _dryRun])
            command.Add(option);
        _tasks.AddTo(command);
        _backend.AddTo(command);
        _export.AddTo(command);
        _cluster.AddTo(command);
        command.Add(_json);
    }

    /// <summary>Makes models of integers and prints what they are.</summary>
    public int Execute(ParseResult parsed, BitsRun what, CancellationToken cancellation)
    {
        _cluster.RequireNone(parsed, "integers (--bits, or --target-size without an option for ranks)");
        if (parsed.GetValue(_statistics) is not null)
            throw new InvalidInputException(
                "--stats: the statistics of integers are kept in --work; give the same --work to use them again."
            );
        long? memory = CommonOptions.ReadMemory(parsed.GetValue(_memory));
        using var backend = _backend.Open(parsed);
        return what.Execute(backend, memory, parsed.GetValue(_work), parsed.GetValue(_dryRun), parsed.GetValue(_json), cancellation);
    }

    /// <summary>Runs an opened recipe and prints what it gave.</summary>
    public int Execute(ParseResult parsed, OpenedRecipe recipe, string output, CancellationToken cancellation)
    {
        var options = recipe.Recipe.Options;
        long? memory = CommonOptions.ReadMemory(parsed.GetValue(_memory));
        bool quiet = parsed.GetValue(_json);
        var export = _export.Read(parsed);
        var tasks = _tasks.Read(parsed);
        using var backend = _backend.Open(parsed);
        // The compressed model has the dense one's architecture and tokenizer: what cannot be exported is refused now.
        if (export is { } wanted)
            Exporter.Check(
                recipe.Model.Path,
                wanted.Format,
                wanted.Options with
                {
                    Adapter = false,
                },
                Exporter.Beside(Path.Combine(output, "0"), wanted.Format),
                backend
            );
        if (parsed.GetValue(_dryRun))
        {
            if (recipe.Target is { } target)
                throw new InvalidInputException(
                    $"--dry-run: the ratio for {target.Text} is known only after the statistics. Give --ratio to see a plan."
                );
            PlanCommand.Print(recipe.Model, options, recipe.Calibration.Length, backend, quiet);
            return ExitCode.Success;
        }
        // Of several processes the one that started the others warns.
        var warnings = recipe.Target is null && !quiet && !_cluster.IsMember(parsed) ? LowRatios(recipe) : [];
        var job = CompressionJob.From(recipe, output, parsed.GetValue(_work)) with
        {
            Statistics = parsed.GetValue(_statistics),
            Memory = memory,
            Tasks = tasks.Count == 0 ? null : () => tasks,
        };
        var folder = new ResultFolder(output);
        var result = _cluster.Run(
            parsed,
            quiet,
            new ClusterSetting(new WorkFolder(job.WorkFolder ?? folder.Folder(ResultFolder.Work)), recipe.Model, backend, folder.Claim),
            (sharing, progress) =>
                Compressor.Run(job with { Sharing = sharing }, backend, new WarningsFirst(progress, warnings), cancellation),
            cancellation
        );
        if (_cluster.IsMember(parsed))
            return ExitCode.Success;
        InputWarnings.Print(result.Warnings);
        var exports = export is { } chosen ? Export(result, chosen.Format, chosen.Options, backend, cancellation) : [];
        if (quiet)
            JsonOutput.Write(CompressionJson.Of(recipe, result, exports));
        else
            CompressionTable.Print(recipe, result, exports);
        return ExitCode.Success;
    }

    private static List<string> LowRatios(OpenedRecipe recipe)
    {
        var (checkpoint, options) = (recipe.Model, recipe.Recipe.Options);
        var model = DecoderModel.Load(checkpoint);
        return
        [
            .. options.Ratios.SelectMany(ratio =>
                RatioWarning.Of(
                    ratio,
                    PlanCommand.FileBytes(CompressionPlan.Uniform(model, ratio, options), options, checkpoint),
                    checkpoint.Bytes
                )
            ),
        ];
    }

    // One file or folder beside each result's folder; what an earlier run of the same command made is kept.
    private static List<ExportResult> Export(
        CompressionResult result,
        string format,
        ExportOptions options,
        IBackend backend,
        CancellationToken cancellation
    )
    {
        var exports = new List<ExportResult>();
        foreach (var model in result.Models)
        {
            string output = options.Adapter
                ? Path.TrimEndingDirectorySeparator(model.Folder) + "-adapter"
                : Exporter.Beside(model.Folder, format);
            if (File.Exists(output) || Directory.Exists(output))
                Console.Error.WriteLine($"svdsurgeon: {output} is there already and stays as it is; remove it to have it made again.");
            else
                exports.Add(Exporter.Run(model.Folder, format, options, output, backend, cancellation));
        }
        return exports;
    }
}
