using SvdSurgeon.Calibration;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tokenization;

if (args is not [var folder, var text, var output])
    throw new ArgumentException("Usage: MODEL CALIBRATION.txt OUT");
using var model = Checkpoint.Open(folder);
var calibration = CalibrationSampler.Sample(Tokenizer.Open(folder), File.ReadAllText(text), text, 128, 256, seed: 0);
var options = new CompressionOptions { Ratios = [0.8, 0.6], Surgeon = SurgeonMode.None };
var job = new CompressionJob
{
    Model = model,
    Calibration = calibration,
    OutputFolder = output,
    Options = options,
};
var result = await Compressor.RunAsync(job);
foreach (var made in result.Models)
    Console.WriteLine($"kept {made.AchievedRatio:P1}: {made.Folder}");
