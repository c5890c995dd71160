using System.CommandLine;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon compress: a dense model in, a compressed model a ratio out.</summary>
internal static class CompressCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var output = new Option<string>("--out") { Description = "Folder for the results, one folder a ratio.", Required = true };
        var options = new CompressionArguments();
        var size = new Option<string?>("--target-size")
        {
            Description = "Instead of --ratio: keep as much as fits into weight files of this size, such as 90MB.",
        };
        var increase = new Option<string?>("--target-ppl-increase")
        {
            Description = "Instead of --ratio: keep as little as raises perplexity on the evaluation data by at most this, such as 5%.",
        };
        var data = new DataArguments();
        var run = new RunArguments();
        var command = new Command("compress", "Compress a model by truncated SVD.") { model, output, size, increase };
        options.AddTo(command);
        data.AddTo(command);
        run.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        CompressionTarget? target = parsed.GetValue(size) is { } bytes ? CompressionTarget.Size(bytes) : null;
                        if (parsed.GetValue(increase) is { } percent)
                            target = target is null
                                ? CompressionTarget.Perplexity(percent)
                                : throw new InvalidInputException("--target-size and --target-ppl-increase exclude each other.");
                        var recipe = new Recipe
                        {
                            Model = new SourceFile(parsed.GetRequiredValue(model)),
                            Calibration = data.Calibration(parsed),
                            Evaluation = data.Evaluation(parsed),
                            Options = options.Read(parsed, ratioFollows: target is not null),
                        };
                        using var opened = OpenedRecipe.Open(recipe, target: target);
                        return run.Execute(parsed, opened, parsed.GetRequiredValue(output), cancellation);
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
