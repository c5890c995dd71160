using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tokenization;

// Compresses a model and evaluates the result: dotnet run --project samples/Embedding MODEL CALIBRATION.txt EVALUATION.txt OUT

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

using var backend = new CpuBackend();
using var model = Checkpoint.Open(args[0]);
var calibration = CalibrationSampler.Sample(
    Tokenizer.Open(args[0]),
    TextSource.Read([args[1]]),
    args[1],
    sequences: 128,
    sequenceLength: 256,
    seed: 0
);
var job = new CompressionJob
{
    Model = model,
    Calibration = calibration,
    OutputFolder = args[3],
    Options = new CompressionOptions
    {
        Method = CompressionMethod.Whiten,
        Surgeon = SurgeonMode.None,
        Ratios = [0.8, 0.6],
    },
    Evaluation = () => EvaluationData.Open(model, [args[2]], tokenFile: null, length: 256, windows: null),
};
var progress = new Progress<StageProgress>(p => Console.Error.WriteLine($"{p.Stage} {p.Done}/{p.Total}"));
foreach (var result in Compressor.Run(job, backend, progress, stop.Token).Models)
    Console.WriteLine($"kept {result.AchievedRatio:P1}: perplexity {result.Perplexity!.Ppl:F3}, {result.Folder}");
