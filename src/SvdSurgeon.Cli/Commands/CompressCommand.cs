using System.CommandLine;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon compress: a dense model in, a compressed model a ratio out.</summary>
internal static class CompressCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var output = new Option<string?>("--out")
        {
            Description = "Folder for the results, one folder each. Default: the model's name with -small, in the working directory.",
        };
        var options = new CompressionArguments();
        var size = new Option<string?>("--target-size")
        {
            Description =
                "Weight files of at most this size, such as 90MB: the best integers for it; with --method or another option for ranks as "
                + "much as fits.",
        };
        var increase = new Option<string?>("--target-ppl-increase")
        {
            Description =
                "The smallest model whose perplexity on the evaluation data is higher by at most this, such as 5%: of integers; with "
                + "--method or another option for ranks by keeping as little as that allows.",
        };
        var minutes = new Option<double?>("--minutes")
        {
            Description = "With --bits or --target-size: as much calibration text and effort as this time allows on this machine.",
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
            minutes,
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
                        string path = parsed.GetRequiredValue(model),
                            folder = parsed.GetValue(output) ?? OutputName.For(path);
                        var calibration = data.Calibration(parsed);
                        var evaluation = data.Evaluation(parsed);
                        bool bundled = BundledTexts.IsNone(calibration);
                        if (bundled)
                        {
                            (calibration, evaluation) = (BundledTexts.Or(calibration), evaluation ?? BundledTexts.Evaluation());
                        }
                        bool ranks = options.AsksForRanks(parsed);
                        string? bytesWanted = ranks ? null : parsed.GetValue(size),
                            rise = ranks ? null : parsed.GetValue(increase);
                        if (bits.Read(parsed, bytesWanted, rise, options.Sequences(parsed)) is { } rounding)
                        {
                            if (ranks)
                                throw new InvalidInputException(
                                    "--bits makes integers: leave out --ratio, --method and the other options for ranks."
                                );
                            var what = new BitsRun
                            {
                                Model = path,
                                Calibration = calibration,
                                Evaluation = evaluation,
                                Options = rounding,
                                FreeEffort = !bits.HasEffort(parsed),
                                FreeSequences = options.Sequences(parsed) is null,
                                Minutes = parsed.GetValue(minutes),
                                Output = folder,
                                Note = bundled ? BundledTexts.CalibrationNote : null,
                            };
                            return run.Execute(parsed, what, cancellation);
                        }
                        if (parsed.GetValue(minutes) is not null)
                            throw new InvalidInputException("--minutes: give --bits or --target-size too; with ranks --sequences decides.");
                        CompressionTarget? target = parsed.GetValue(size) is { } bytes ? CompressionTarget.Size(bytes) : null;
                        if (parsed.GetValue(increase) is { } percent)
                            target = target is null
                                ? CompressionTarget.Perplexity(percent)
                                : throw new InvalidInputException("--target-size and --target-ppl-increase exclude each other.");
                        var recipe = new Recipe
                        {
                            Model = new SourceFile(path),
                            Calibration = calibration,
                            Evaluation = evaluation,
                            Options = options.Read(parsed, ratioFollows: target is not null),
                        };
                        using var opened = OpenedRecipe.Open(recipe, target: target);
                        if (bundled)
                            Console.Error.WriteLine(BundledTexts.CalibrationNote);
                        return run.Execute(parsed, opened, folder, cancellation);
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
