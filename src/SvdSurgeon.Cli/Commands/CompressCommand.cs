using System.CommandLine;
using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon compress: a dense model in, a compressed model a ratio out.</summary>
internal static class CompressCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var output = new Option<string>("--out") { Description = "Folder for the results, one folder a ratio.", Required = true };
        var options = new CompressionArguments();
        var data = new DataArguments();
        var work = new Option<string?>("--work") { Description = "Folder for statistics and factors, reused by later runs. Default: OUT/work." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Check everything and print the plan; compute and write nothing." };
        var threads = CommonOptions.Threads();
        var device = CommonOptions.Device();
        var json = CommonOptions.Json();
        var command = new Command("compress", "Compress a model by truncated SVD.") { model, output, work, dryRun, threads, device, json };
        options.AddTo(command);
        data.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            var settings = options.Read(parsed);
            bool quiet = parsed.GetValue(json);
            using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
            var calibration = data.Calibration(parsed, checkpoint, settings);
            var evaluation = data.Evaluation(parsed, checkpoint, calibration.Length);
            var job = new CompressionJob
            {
                Model = checkpoint, Options = settings, Calibration = calibration, OutputFolder = parsed.GetRequiredValue(output),
                WorkFolder = parsed.GetValue(work), Evaluation = evaluation,
            };
            using var backend = CommonOptions.OpenBackend(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            if (parsed.GetValue(dryRun))
            {
                PlanCommand.Print(checkpoint, settings, calibration.Length, backend, quiet);
                return ExitCode.Success;
            }
            var result = ProgressView.Run(quiet, progress => Compressor.Run(job, backend, progress, cancellation));
            if (quiet) JsonOutput.Write(ToJson(parsed.GetRequiredValue(model), checkpoint, settings, calibration, result));
            else CompressionTable.Print(settings, result);
            return ExitCode.Success;
        }, CancellationToken.None));
        return command;
    }

    private static JsonObject ToJson(string path, Checkpoint model, CompressionOptions options, Calibration.TokenSet calibration, CompressionResult result)
    {
        var settings = options.ToJson();
        settings["seqlen"] = calibration.Length;
        settings["calibration_sequences"] = calibration.Sequences;
        return new JsonObject
        {
            ["model"] = path,
            ["method"] = options.Method.ToString().ToLowerInvariant(),
            ["surgeon"] = options.Surgeon.ToString().ToLowerInvariant(),
            ["options"] = settings,
            ["parameters"] = ModelSummary.Of(model).Parameters,
            ["stages"] = new JsonArray([.. result.Stages.Select(stage => new JsonObject
            {
                ["name"] = stage.Name, ["seconds"] = Math.Round(stage.Seconds, 3), ["peak_mib"] = Math.Round(stage.PeakMiB, 1), ["reused"] = stage.Reused,
            })]),
            ["results"] = new JsonArray([.. result.Models.Select(Result)]),
        };
    }

    private static JsonObject Result(CompressedModel model)
    {
        var result = new JsonObject
        {
            ["ratio"] = model.Ratio,
            ["achieved_ratio"] = model.AchievedRatio,
            ["parameters_before"] = model.ParametersBefore,
            ["parameters_after"] = model.ParametersAfter,
            ["bytes"] = model.Bytes,
            ["folder"] = model.Folder,
        };
        if (model.Perplexity is { } ppl)
        {
            result["ppl"] = ppl.Ppl;
            result["mean_nll"] = ppl.MeanNll;
            result["log_se"] = ppl.LogSe;
            result["windows"] = ppl.Windows;
        }
        return result;
    }
}
