using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Output.Results;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Bits;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands.Demo;

/// <summary>svdsurgeon demo: the main job, end to end, on two small models that are part of the program.</summary>
internal static class DemoCommand
{
    private const int Length = 256,
        Sequences = 128,
        FisherSequences = 128,
        Windows = 32,
        GeneratedTokens = 40;
    private const string Prompt = "One day at dawn, a stranger came.";
    private static readonly double[] Ratios = [0.8, 0.6, 0.4];
    private static readonly string[] ModelNames = ["tinytales-opt", "tinytales-llama"];

    // What the published methods give, and what this program adds to them.
    private static readonly (string Label, CompressionOptions Options)[] Methods =
    [
        ("plain SVD", Published(CompressionMethod.Svd, SurgeonMode.None)),
        ("SVD-LLM (whitening)", Published(CompressionMethod.Whiten, SurgeonMode.None)),
        ("SVD-Surgeon", Published(CompressionMethod.Whiten, SurgeonMode.Update)),
        ("two-sided, ranks by spectrum", Ours),
    ];

    // Fewer bits instead of fewer numbers: this program's road, and what it is to be compared with.
    private static readonly (string Label, BitsOptions Options)[] Roundings =
    [
        ("trained, mixed bits", new BitsOptions { Effort = 2 }),
        (
            "GPTQ",
            new BitsOptions
            {
                Effort = 1,
                Rounding = RoundingMethod.Gptq,
                EqualBits = true,
            }
        ),
        (
            "nearest",
            new BitsOptions
            {
                Effort = 1,
                Rounding = RoundingMethod.Nearest,
                EqualBits = true,
            }
        ),
    ];
    private static readonly double[] Bits = [4.5, 3.5];

    // Modules of 4 and of 3 bits alike: with their scales and shapes a little above 4.5 and 3.5.
    private static readonly double[] EqualBits = [4.51, 3.51];

    private static CompressionOptions Ours =>
        Published(CompressionMethod.Kfac, SurgeonMode.None) with
        {
            Allocate = AllocationRule.Spectrum,
            Storage = StorageForm.Pivoted,
        };

    private static CompressionOptions Published(CompressionMethod method, SurgeonMode surgeon) =>
        new()
        {
            Method = method,
            Surgeon = surgeon,
            Ratios = Ratios,
            Sequences = Sequences,
            FisherSequences = FisherSequences,
        };

    public static Command Create()
    {
        var output = new Option<string>("--out")
        {
            Description = "Folder for models and results.",
            DefaultValueFactory = _ => "svdsurgeon-demo",
        };
        var backendArguments = new BackendArguments();
        var command = new Command("demo", "Compress two small embedded models in several ways and compare.") { output };
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        using var backend = backendArguments.Open(parsed);
                        Run(parsed.GetRequiredValue(output), backend, cancellation);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    private static void Run(string folder, IBackend backend, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        DemoAssets.Unpack(folder);
        Console.WriteLine(
            $"Two language models of a million parameters are made smaller in {Methods.Length + Roundings.Length} ways each: by fewer "
                + $"numbers, then by fewer bits. About a minute on two cores; on {backend.Description}."
        );
        Console.WriteLine($"Perplexity on text that no method has seen, windows of {Length} tokens; lower is better.");
        Console.WriteLine();
        foreach (string name in ModelNames)
            Compress(Path.Combine(folder, name), folder, backend, cancellation);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"All of it took {clock.Elapsed.TotalSeconds:F1} s. Models and results: {Path.GetFullPath(folder)}"
            )
        );
        string best = Path.Combine(folder, "results", ModelNames[^1], "trained-mixed-bits", "bits-4.5");
        Console.WriteLine(
            $"""

            Next, with a model of yours (a Hugging Face folder or a .gguf file):
              svdsurgeon compress MODEL --minutes 20 --calibration text.txt
            or with the one that was just made:
              svdsurgeon generate {best} --prompt "One day"
              svdsurgeon export {best} --format gguf --out tales.gguf
            """
        );
    }

    private static void Compress(string modelPath, string folder, IBackend backend, CancellationToken cancellation)
    {
        string name = Path.GetFileName(modelPath),
            results = Path.Combine(folder, "results", name);
        using var checkpoint = Checkpoint.Open(modelPath);
        var tokenizer = Tokenizer.Open(modelPath);
        string calibrationText = Path.Combine(folder, "texts", "calibration.txt"),
            evaluationText = Path.Combine(folder, "texts", "evaluation.txt");
        var calibration = CalibrationSampler.Sample(
            tokenizer,
            TextSource.Read([calibrationText]),
            calibrationText,
            FisherSequences,
            Length,
            seed: 0
        );
        var windows = EvaluationData.Open(checkpoint, [evaluationText], null, Length, Windows);
        var dense = Perplexity.Evaluate(DecoderModel.Load(checkpoint), backend, windows, null, cancellation);

        Console.WriteLine($"{name}, {Sequences} calibration sequences of {Length} tokens");
        var job = new CompressionJob
        {
            Model = checkpoint,
            Options = Ours,
            Calibration = calibration,
            Evaluation = () => windows,
            OutputFolder = results,
            WorkFolder = Path.Combine(results, "work"),
        };
        Ranks(job, dense, backend, cancellation);
        string integers = Integers(job, dense, backend, cancellation);
        Console.WriteLine($"  dense    : {Continue(checkpoint, tokenizer, backend, cancellation)}");
        using var compressed = Checkpoint.Open(integers);
        Console.WriteLine($"  4.5 bits : {Continue(compressed, tokenizer, backend, cancellation)}");
        Console.WriteLine();
    }

    private static void Ranks(CompressionJob job, PerplexityResult dense, IBackend backend, CancellationToken cancellation)
    {
        var table = NumberTable.With(["fewer numbers", .. Ratios.Select(ratio => $"kept {CompressionPlan.RatioText(ratio)}"), "seconds"]);
        table.AddRow(["dense", .. Ratios.Select(_ => Number(dense.Ppl)), ""]);
        IReadOnlyList<CompressedModel> last = [];
        foreach (var (label, options) in Methods)
        {
            var clock = Stopwatch.StartNew();
            var one = job with { Options = options, OutputFolder = Folder(job, label) };
            last = ProgressView.Run(false, progress => Compressor.Run(one, backend, progress, cancellation)).Models;
            table.AddRow([
                label,
                .. last.Select(m => Number(m.Perplexity!.Ppl)),
                clock.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture),
            ]);
        }
        table.AddRow([$"size ({Output.Bytes.Text(job.Model.Bytes)})", .. last.Select(m => Output.Bytes.Text(m.Bytes)), ""]);
        NumberTable.Write(table);
        Console.WriteLine(
            $"  SVD-Surgeon as published wants thousands of sequences; with {FisherSequences} its correction is mostly noise."
        );
    }

    private static string Integers(CompressionJob job, PerplexityResult dense, IBackend backend, CancellationToken cancellation)
    {
        var rows = new List<ResultRow>();
        string best = "";
        foreach (var (label, options) in Roundings)
        {
            var one = new BitsJob
            {
                Model = job.Model,
                Options = options with { Bits = options.EqualBits ? EqualBits : Bits, Sequences = Sequences },
                Calibration = job.Calibration,
                Evaluation = job.Evaluation,
                OutputFolder = Folder(job, label),
                WorkFolder = job.WorkFolder,
            };
            var made = ProgressView.Run(false, progress => BitsCompressor.Run(one, backend, progress, cancellation)).Models;
            best = best.Length > 0 ? best : made[0].Folder;
            rows.AddRange(
                made.Select(m => new ResultRow(label, m.Bits.ToString("F2", CultureInfo.InvariantCulture), m.Bytes, m.Perplexity))
            );
        }
        ResultTable.Print(
            ResultTable.Bits,
            new ResultRow("dense", "16", job.Model.Bytes, dense),
            [.. rows.OrderByDescending(row => row.Measure, StringComparer.Ordinal)]
        );
        return best;
    }

    private static string Folder(CompressionJob job, string label) =>
        Path.Combine(job.OutputFolder, label.Replace(",", "").Replace("(", "").Replace(")", "").Replace(' ', '-'));

    private static string Continue(Checkpoint checkpoint, Tokenizer tokenizer, IBackend backend, CancellationToken cancellation)
    {
        int[] prompt = tokenizer.Encode(Prompt);
        int[] made =
        [
            .. Generation.Generate(DecoderModel.Load(checkpoint), backend, prompt, GeneratedTokens, cancellationToken: cancellation),
        ];
        return tokenizer.Decode([.. prompt, .. made]).ReplaceLineEndings(" ");
    }

    private static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
}
