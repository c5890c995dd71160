using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

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
        ("SVD", Published(CompressionMethod.Svd, SurgeonMode.None)),
        ("SVD + surgeon", Published(CompressionMethod.Svd, SurgeonMode.Update)),
        ("SVD + surgeon, select", Published(CompressionMethod.Svd, SurgeonMode.Select)),
        ("whitened SVD", Published(CompressionMethod.Whiten, SurgeonMode.None)),
        ("whitened SVD + surgeon", Published(CompressionMethod.Whiten, SurgeonMode.Update)),
        ("whitened SVD + surgeon, select", Published(CompressionMethod.Whiten, SurgeonMode.Select)),
        ("two-sided, by spectrum, pivoted", Ours),
        ("the same + 2 Newton steps", Ours with { Newton = 2 }),
    ];

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
        var command = new Command("demo", "Compress two small embedded models by every method and compare.") { output };
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
            $"SvdSurgeon demo on {backend.Description}. Perplexity on held-out text, lower is better; {Sequences} calibration sequences "
                + $"of {Length} tokens."
        );
        foreach (string name in ModelNames)
            Compress(Path.Combine(folder, name), folder, backend, cancellation);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"All of it took {clock.Elapsed.TotalSeconds:F1} s. Models and results: {Path.GetFullPath(folder)}"
            )
        );
        Console.WriteLine(
            "Next: svdsurgeon compress MODEL --out DIR --ratio 0.8 --calibration TEXT, with MODEL a Hugging Face folder or a GGUF file."
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

        var table = new Table()
            .Border(TableBorder.Simple)
            .Title($"{name}: dense perplexity {Number(dense.Ppl)} ({Size(checkpoint.Bytes)})");
        table.AddColumn("method");
        foreach (double ratio in Ratios)
            table.AddColumn(new TableColumn($"kept {CompressionPlan.RatioText(ratio)}").RightAligned());
        table.AddColumn(new TableColumn("seconds").RightAligned());
        string last = "";
        foreach (var (label, options) in Methods)
        {
            var clock = Stopwatch.StartNew();
            var job = new CompressionJob
            {
                Model = checkpoint,
                Options = options,
                Calibration = calibration,
                Evaluation = () => windows,
                OutputFolder = Path.Combine(results, label.Replace(",", "").Replace(' ', '-')),
                WorkFolder = Path.Combine(results, "work"),
            };
            var result = ProgressView.Run(Console.IsErrorRedirected, progress => Compressor.Run(job, backend, progress, cancellation));
            table.AddRow([
                label,
                .. result.Models.Select(m => Number(m.Perplexity!.Ppl)),
                clock.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture),
            ]);
            last = result.Models[1].Folder;
        }
        AnsiConsole.Write(table);
        Console.WriteLine(
            $"  SVD-Surgeon as published wants thousands of sequences; with {FisherSequences} its correction is mostly noise."
        );
        Console.WriteLine($"  dense    : {Continue(checkpoint, tokenizer, backend, cancellation)}");
        using var compressed = Checkpoint.Open(last);
        Console.WriteLine($"  kept 0.6 : {Continue(compressed, tokenizer, backend, cancellation)}   ({Size(compressed.Bytes)})");
        Console.WriteLine();
    }

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

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F2} MB");
}
