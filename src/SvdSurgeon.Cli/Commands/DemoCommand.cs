using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;
using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon demo: the main job, end to end, on two small models that are part of the program.</summary>
internal static class DemoCommand
{
    private const int Length = 256, Sequences = 128, FisherSequences = 256, GeneratedTokens = 40;
    private const string Prompt = "One day at dawn, a stranger came.";
    private static readonly double[] Ratios = [0.8, 0.6, 0.4];
    private static readonly string[] ModelNames = ["tinytales-opt", "tinytales-llama"];

    public static Command Create()
    {
        var output = new Option<string>("--out") { Description = "Folder for models and results.", DefaultValueFactory = _ => "svdsurgeon-demo" };
        var threads = CommonOptions.Threads();
        var command = new Command("demo", "Compress two small embedded models by every method and compare.") { output, threads };
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            using var backend = CommonOptions.OpenBackend("cpu", parsed.GetValue(threads));
            Run(parsed.GetRequiredValue(output), backend, cancellation);
            return ExitCode.Success;
        }, CancellationToken.None));
        return command;
    }

    private static void Run(string folder, IBackend backend, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        DemoAssets.Unpack(folder);
        Console.WriteLine($"SvdSurgeon demo on {backend.Description}: perplexity on held-out text (lower is better), {Sequences} calibration sequences of {Length} tokens.");
        foreach (string name in ModelNames) Compress(Path.Combine(folder, name), folder, backend, cancellation);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"All of it took {clock.Elapsed.TotalSeconds:F1} s. Models and results: {Path.GetFullPath(folder)}"));
        Console.WriteLine("Next: svdsurgeon compress MODEL --out DIR --ratio 0.8 --calibration TEXT, with MODEL a Hugging Face folder or a GGUF file.");
    }

    private static void Compress(string modelPath, string folder, IBackend backend, CancellationToken cancellation)
    {
        string name = Path.GetFileName(modelPath), results = Path.Combine(folder, "results", name);
        using var checkpoint = Checkpoint.Open(modelPath);
        var tokenizer = Tokenizer.Open(modelPath);
        string calibrationText = Path.Combine(folder, "texts", "calibration.txt"), evaluationText = Path.Combine(folder, "texts", "evaluation.txt");
        var calibration = CalibrationSampler.Sample(tokenizer, TextSource.Read([calibrationText]), calibrationText, FisherSequences, Length, seed: 0);
        var windows = EvaluationData.Open(checkpoint, [evaluationText], null, Length, null);
        var dense = Perplexity.Evaluate(DecoderModel.Load(checkpoint), backend, windows, null, cancellation);

        var table = new Table().Border(TableBorder.Simple).Title($"{name}: dense perplexity {Number(dense.Ppl)} ({Size(checkpoint.Bytes)})");
        table.AddColumn("method");
        foreach (double ratio in Ratios) table.AddColumn(new TableColumn($"kept {ResultFolder.RatioText(ratio)}").RightAligned());
        table.AddColumn(new TableColumn("seconds").RightAligned());
        string best = "";
        foreach (var method in (CompressionMethod[])[CompressionMethod.Svd, CompressionMethod.Whiten])
            foreach (var surgeon in Enum.GetValues<SurgeonMode>())
            {
                var clock = Stopwatch.StartNew();
                string label = $"{method}{(surgeon == SurgeonMode.None ? "" : $" + surgeon ({surgeon})")}".ToLowerInvariant();
                string output = Path.Combine(results, $"{method}-{surgeon}".ToLowerInvariant());
                var job = new CompressionJob
                {
                    Model = checkpoint,
                    Options = new CompressionOptions { Method = method, Surgeon = surgeon, Ratios = Ratios, Sequences = Sequences, FisherSequences = FisherSequences },
                    Calibration = calibration, OutputFolder = output, WorkFolder = Path.Combine(results, "work"), Evaluation = windows,
                };
                var result = ProgressView.Run(Console.IsErrorRedirected, progress => Compressor.Run(job, backend, progress, cancellation));
                table.AddRow([label, .. result.Models.Select(m => Number(m.Perplexity!.Ppl)), clock.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture)]);
                if (method == CompressionMethod.Whiten && surgeon == SurgeonMode.None) best = result.Models[1].Folder;
            }
        AnsiConsole.Write(table);
        Console.WriteLine($"  dense    : {Continue(checkpoint, tokenizer, backend, cancellation)}");
        using var compressed = Checkpoint.Open(best);
        Console.WriteLine($"  kept 0.6 : {Continue(compressed, tokenizer, backend, cancellation)}   ({Size(compressed.Bytes)})");
        Console.WriteLine();
    }

    private static string Continue(Checkpoint checkpoint, Tokenizer tokenizer, IBackend backend, CancellationToken cancellation)
    {
        int[] prompt = tokenizer.Encode(Prompt);
        int[] made = [.. Generation.Generate(DecoderModel.Load(checkpoint), backend, prompt, GeneratedTokens, 0, 0, cancellation)];
        return tokenizer.Decode([.. prompt, .. made]).ReplaceLineEndings(" ");
    }

    private static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F2} MB");
}
