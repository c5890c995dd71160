using System.CommandLine;
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
        var run = new RunArguments();
        var command = new Command("compress", "Compress a model by truncated SVD.") { model, output };
        options.AddTo(command);
        data.AddTo(command);
        run.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            var recipe = new Recipe
            {
                Model = new SourceFile(parsed.GetRequiredValue(model)), Calibration = data.Calibration(parsed), Evaluation = data.Evaluation(parsed), Options = options.Read(parsed),
            };
            using var opened = OpenedRecipe.Open(recipe);
            return run.Execute(parsed, opened, parsed.GetRequiredValue(output), cancellation);
        }, CancellationToken.None));
        return command;
    }
}
