using System.CommandLine;
using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Pipeline.Statistics;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon merge: shares of statistics in, the statistics of one run out.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        var folders = new Argument<string[]>("folders")
        {
            Description = "Folders that stats --shard has filled, one a shard.",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--out")
        {
            Description = "Folder for the merged statistics; compress takes it as --work or --stats.",
            Required = true,
        };
        var json = CommonOptions.Json();
        var command = new Command("merge", "Merge the statistics of all shards into those of one run.") { folders, output, json };
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        var warnings = new List<string>();
                        var merged = ShardMerge.Run(
                            parsed.GetRequiredValue(folders),
                            parsed.GetRequiredValue(output),
                            cancellation,
                            warnings.Add
                        );
                        InputWarnings.Print(warnings);
                        if (parsed.GetValue(json))
                            JsonOutput.Write(
                                new JsonObject
                                {
                                    ["folder"] = parsed.GetRequiredValue(output),
                                    ["artifacts"] = ArtifactView.ToJson(merged),
                                    ["warnings"] = InputWarnings.Json(warnings),
                                }
                            );
                        else
                            ArtifactView.PrintTable(merged);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
