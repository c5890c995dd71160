using System.CommandLine;
using SvdSurgeon.Cli.Arguments;
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
            Description =
                "Weight files of at most this size, such as 90MB: the best integers for it; with --method or another option for ranks as "
                + "much as fits.",
        };
        var increase = new Option<string?>("--target-ppl-increase")
        {
            Description = "Instead of --ratio: keep as little as raises perplexity on the evaluation data by at most this, such as 5%.",
        };
        var bits = new BitsArguments();
        var data = new DataArguments();
        var run = new RunArguments();
        var command = new Command("compress", "Compress a model: give a size or --bits for integers, --ratio for truncated SVD.")
        {
            model,
            output,
            size,
            increase,
        };
        bits.AddTo(command);
        options.AddTo(command);
        data.AddTo(command);
        run.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        string? integers = options.AsksForRanks(parsed) ? null : parsed.GetValue(size);
                        if (bits.Read(parsed, integers, options.Sequences(parsed)) is { } rounding)
                        {
                            if (options.AsksForRanks(parsed) || parsed.GetValue(increase) is not null)
                                throw new InvalidInputException(
                                    "--bits makes integers: leave out --ratio, --method, --target-ppl-increase and the other options for "
                                        + "ranks."
                                );
                            return run.Execute(
                                parsed,
                                parsed.GetRequiredValue(model),
                                data.Calibration(parsed),
                                data.Evaluation(parsed),
                                rounding,
                                parsed.GetRequiredValue(output),
                                cancellation
                            );
                        }
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
