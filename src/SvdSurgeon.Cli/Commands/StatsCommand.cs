using System.CommandLine;
using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Cluster;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon stats: collects what a compression with the same options needs, or a share of it.</summary>
internal static class StatsCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var output = new Option<string>("--out", "--work")
        {
            Description = "Folder for the statistics; compress takes it as --work or --stats.",
            Required = true,
        };
        var shard = new Option<string?>("--shard")
        {
            Description = "Collect only the i-th of n shares of the sequences, as i/n; merge puts the shares together.",
        };
        var options = new CompressionArguments(ratios: false);
        var data = new DataArguments(evaluation: false);
        var memory = CommonOptions.Memory();
        var backendArguments = new BackendArguments();
        var json = CommonOptions.Json();
        var cluster = new ClusterArguments();
        var command = new Command("stats", "Collect the statistics that compress needs with the same options, and stop.")
        {
            model,
            output,
            shard,
            memory,
            json,
        };
        options.AddTo(command);
        data.AddTo(command);
        backendArguments.AddTo(command);
        cluster.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        bool quiet = parsed.GetValue(json);
                        var share = parsed.GetValue(shard) is { } text ? Shard.Parse(text) : null;
                        if (share is not null)
                            cluster.RequireNone(parsed, "--shard");
                        using var opened = OpenedRecipe.Open(
                            new Recipe
                            {
                                Model = new SourceFile(parsed.GetRequiredValue(model)),
                                Calibration = data.Calibration(parsed),
                                Options = options.Read(parsed),
                            }
                        );
                        var job = new StatisticsJob
                        {
                            Model = opened.Model,
                            Options = opened.Recipe.Options,
                            Calibration = opened.Calibration,
                            WorkFolder = parsed.GetRequiredValue(output),
                            Shard = share,
                            Memory = CommonOptions.ReadMemory(parsed.GetValue(memory)),
                        };
                        using var backend = backendArguments.Open(parsed);
                        var result = cluster.Run(
                            parsed,
                            quiet,
                            new ClusterSetting(new WorkFolder(job.WorkFolder, option: "--out"), opened.Model, backend),
                            (sharing, progress) => StatisticsCollector.Run(job with { Sharing = sharing }, backend, progress, cancellation),
                            cancellation
                        );
                        if (cluster.IsMember(parsed))
                            return ExitCode.Success;
                        InputWarnings.Print(result.Warnings);
                        if (quiet)
                        {
                            JsonOutput.Write(
                                new JsonObject
                                {
                                    ["model"] = opened.Model.Path,
                                    ["shard"] = share?.ToString(),
                                    ["artifacts"] = ArtifactView.ToJson(result.Artifacts),
                                    ["next"] = result.Next,
                                    ["stages"] = JsonOutput.Stages(result.Stages),
                                    ["warnings"] = InputWarnings.Json(result.Warnings),
                                }
                            );
                            return ExitCode.Success;
                        }
                        ArtifactView.PrintTable(result.Artifacts);
                        Console.WriteLine(StageSummary.Line(result.Stages));
                        if (result.Next is not null)
                            Console.WriteLine(result.Next);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
