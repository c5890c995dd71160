using System.CommandLine;
using System.Globalization;
using SvdSurgeon.Backends;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Output.Sweep;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon sweep: methods × sizes in one run with shared statistics, and one table.</summary>
internal static class SweepCommand
{
    private const int UsualSequences = 64;
    private static readonly string[] Formats = ["text", "markdown", "csv", "latex", "json"];

    public static Command Create()
    {
        var model = CommonOptions.Model();
        var presets = new Option<string[]>("--presets")
        {
            Description = $"Methods for --ratio: {Presets.Names}.",
            AllowMultipleArgumentsPerToken = true,
        };
        var ratios = new Option<double[]>("--ratio") { Description = "Kept fractions.", AllowMultipleArgumentsPerToken = true };
        var bits = new Option<double[]>("--bits") { Description = "Bits per weight, too.", AllowMultipleArgumentsPerToken = true };
        var sequences = new Option<int>("--sequences")
        {
            Description = "Calibration sequences, for every method and statistic.",
            DefaultValueFactory = _ => UsualSequences,
        };
        var output = new Option<string?>("--out") { Description = "Folder for the results. Default: the model's name with -sweep." };
        var format = new Option<string>("--format")
        {
            Description = "text, markdown, csv, latex or json.",
            DefaultValueFactory = _ => Formats[0],
        };
        var data = new DataArguments();
        var backendArguments = new BackendArguments();
        var command = new Command("sweep", "Compress by several methods to several sizes; one table with paired errors.")
        {
            model,
            presets,
            ratios,
            bits,
            sequences,
            output,
            format,
        };
        data.AddTo(command);
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        string form = parsed.GetRequiredValue(format),
                            path = parsed.GetRequiredValue(model);
                        if (!Formats.Contains(form))
                            throw new InvalidInputException($"--format {form}: unknown. Use {string.Join(", ", Formats)}.");
                        var calibration = BundledTexts.Or(data.Calibration(parsed));
                        var recipe = new Recipe
                        {
                            Model = new SourceFile(path),
                            Calibration = calibration,
                            Evaluation = data.Evaluation(parsed) ?? BundledTexts.Evaluation(),
                            // Of these only the number of sequences counts: every way has its own.
                            Options = new CompressionOptions
                            {
                                Ratios = [0.5],
                                Surgeon = SurgeonMode.None,
                                Sequences = parsed.GetValue(sequences),
                            },
                        };
                        string[] methods = parsed.GetValue(presets) ?? [];
                        double[] kept = parsed.GetValue(ratios) ?? [],
                            widths = parsed.GetValue(bits) ?? [];
                        if (methods.Length == 0 != (kept.Length == 0) || kept.Length + widths.Length == 0)
                            throw new InvalidInputException("sweep needs --presets with --ratio, or --bits, or all three.");
                        List<(string, CompressionOptions)> ways =
                        [
                            .. methods.Select(name => (name, OptionsOf(name, kept, parsed.GetValue(sequences)))),
                        ];
                        using var backend = backendArguments.Open(parsed);
                        using var opened = OpenedRecipe.Open(recipe);
                        if (BundledTexts.IsNone(data.Calibration(parsed)))
                            Console.Error.WriteLine(BundledTexts.CalibrationNote);
                        string folder =
                            parsed.GetValue(output) ?? OutputName.For(path).Replace("-small", "-sweep", StringComparison.Ordinal);
                        ProgressView
                            .Run(form == "json", progress => Run(opened, ways, widths, folder, backend, progress, cancellation))
                            .Print(form);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    private static SweepTable Run(
        OpenedRecipe recipe,
        List<(string Name, CompressionOptions Options)> ways,
        double[] bits,
        string folder,
        IBackend backend,
        IProgress<StageProgress> progress,
        CancellationToken cancellation
    )
    {
        var windows = recipe.Evaluation!;
        string work = Path.Combine(folder, "work");
        double[] dense = Losses(recipe.Model, windows, backend, "dense", progress, cancellation);
        var cells = new List<SweepCell>();
        void Add(string method, string size, string result)
        {
            using var made = Checkpoint.Open(result);
            double[] losses = Losses(made, windows, backend, $"{method}, {size}", progress, cancellation);
            cells.Add(new SweepCell(method, size, made.Bytes, losses, dense));
        }
        foreach (var (name, options) in ways)
        {
            var job = new CompressionJob
            {
                Model = recipe.Model,
                Options = options,
                Calibration = recipe.Calibration,
                OutputFolder = Path.Combine(folder, name),
                WorkFolder = work,
            };
            foreach (var result in Compressor.Run(job, backend, progress, cancellation).Models)
                Add(name, $"kept {CompressionPlan.RatioText(result.Ratio)}", result.Folder);
        }
        if (bits.Length > 0)
        {
            var job = new BitsJob
            {
                Model = recipe.Model,
                Options = new BitsOptions { Bits = bits, Sequences = recipe.Calibration.Sequences },
                Calibration = recipe.Calibration,
                OutputFolder = Path.Combine(folder, "integers"),
                WorkFolder = work,
            };
            foreach (var result in BitsCompressor.Run(job, backend, progress, cancellation).Models)
                Add("integers", result.Name.Replace("bits-", "", StringComparison.Ordinal) + " bits", result.Folder);
        }
        return new SweepTable(cells, Math.Exp(dense.Average()), recipe.Model.Bytes, windows.Count, windows.Length);
    }

    private static double[] Losses(
        Checkpoint checkpoint,
        TokenWindows windows,
        IBackend backend,
        string name,
        IProgress<StageProgress> progress,
        CancellationToken cancellation
    )
    {
        var losses = new double[windows.Count];
        ForwardBackward.Forward(
            DecoderModel.Load(checkpoint),
            backend,
            windows.Slice(0, windows.Count),
            windows.Length,
            losses,
            sequencesDone: done =>
                progress.Report(new StageProgress("eval", $"{name}, window {done}/{windows.Count}", done, windows.Count)),
            cancellationToken: cancellation
        );
        return losses;
    }

    // A preset means what it means to compress.
    private static CompressionOptions OptionsOf(string preset, double[] ratios, int sequences)
    {
        string count = sequences.ToString(CultureInfo.InvariantCulture);
        var arguments = new CompressionArguments();
        var command = new Command("compress");
        arguments.AddTo(command);
        StrictArguments.ApplyTo(command);
        var parsed = command.Parse([
            .. Presets.OptionsOf(preset),
            "--sequences",
            count,
            "--fisher-sequences",
            count,
            "--kl-sequences",
            Math.Min(sequences, 32).ToString(CultureInfo.InvariantCulture),
            "--ratio",
            .. ratios.Select(ratio => ratio.ToString("R", CultureInfo.InvariantCulture)),
        ]);
        return arguments.Read(parsed);
    }
}
