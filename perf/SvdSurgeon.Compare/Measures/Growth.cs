using System.Diagnostics;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compare.Tables;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Formats;
using SvdSurgeon.Performance;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Compare.Measures;

/// <summary>Time over size, with random LLaMA models that the program writes itself.</summary>
internal sealed class Growth : IMeasure
{
    private const int Length = 128,
        Vocabulary = 512,
        HeadDim = 64;

    public string Name => "growth";

    private sealed record Sizes(int Hidden, int Layers, int Sequences);

    private sealed record Timed(double Whole, IReadOnlyList<StageTime> Stages);

    public Section Run(Comparison comparison)
    {
        // Large enough that a module's own cost is what grows, small enough for minutes.
        var middle = comparison.Settings.Quick ? new Sizes(128, 2, 8) : new Sizes(512, 4, 64);
        int[] factors = [1, 2, 4];
        (string What, Func<Sizes, int> Size, Sizes[] Models)[] series =
        [
            ("tokens", s => s.Sequences * Length, [.. factors.Select(f => middle with { Sequences = middle.Sequences * f })]),
            ("layers", s => s.Layers, [.. factors.Select(f => middle with { Layers = middle.Layers * f / 2 })]),
            ("hidden size", s => s.Hidden, [.. factors.Select(f => middle with { Hidden = middle.Hidden * f / 2 })]),
        ];
        using var backend = comparison.OpenBackend();
        Times(comparison, backend, new Sizes(HeadDim, 1, 4)); // compiles
        var section = new Section("Growth");
        section.Say(
            $"Whitening and the surgeon on random LLaMA models (intermediate size 3 × hidden size, {Vocabulary} words, sequences of "
                + $"{Length}), kept 0.6, in this process. Exponent: least squares of log time over log size."
        );
        foreach (var (what, size, models) in series)
        {
            var runs = models.ToDictionary(m => m, _ => new List<Timed>());
            comparison.Repeat(
                $"{Name}, {what}",
                _ =>
                {
                    foreach (var model in models)
                        runs[model].Add(Times(comparison, backend, model));
                }
            );
            section.Add(Table(what, size, models, runs).Lines());
        }
        return section;
    }

    private static Table Table(string what, Func<Sizes, int> size, Sizes[] models, Dictionary<Sizes, List<Timed>> runs)
    {
        var table = new Table(["seconds by " + what, .. models.Select(m => $"{size(m):N0}"), "exponent", "every repeat"]);
        var parts = new List<(string Name, Func<Timed, double> Seconds)> { ("whole run", run => run.Whole) };
        parts.AddRange(
            runs[models[0]]
                [0]
                .Stages.Select(stage => (stage.Name, (Func<Timed, double>)(run => run.Stages.First(s => s.Name == stage.Name).Seconds)))
        );
        foreach (var (name, part) in parts)
        {
            double[][] seconds = [.. models.Select(m => runs[m].Select(part).ToArray())];
            double[] medians = [.. seconds.Select(Samples.Median)];
            string exponent = medians.All(s => s > 0)
                ? ComparisonTable.Number(Samples.Exponent([.. models.Select((m, i) => ((double)size(m), medians[i]))]))
                : "";
            table.Add([
                name,
                .. medians.Select(ComparisonTable.Number),
                exponent,
                string.Join(" / ", seconds.Select(s => string.Join("; ", s.Select(ComparisonTable.Number)))),
            ]);
        }
        return table;
    }

    private static Timed Times(Comparison comparison, CpuBackend backend, Sizes s)
    {
        string folder = comparison.NewFolder(),
            model = Path.Combine(folder, "model");
        try
        {
            RandomModel.Write(
                model,
                new RandomShape(Vocabulary, s.Hidden, 3 * s.Hidden, s.Layers, s.Hidden / HeadDim, s.Sequences, Length)
            );
            using var checkpoint = Checkpoint.Open(model);
            var tokens = TokenFile.Read(Path.Combine(model, RandomModel.TokensName));
            var job = new CompressionJob
            {
                Model = checkpoint,
                Calibration = new TokenSet(tokens.Tokens.ToArray(), tokens.Rows, tokens.Columns),
                OutputFolder = Path.Combine(folder, "out"),
                Options = new CompressionOptions
                {
                    Method = CompressionMethod.Whiten,
                    Surgeon = SurgeonMode.Update,
                    Ratios = [0.6],
                    Sequences = s.Sequences,
                    FisherSequences = s.Sequences,
                },
            };
            long start = Stopwatch.GetTimestamp();
            var stages = Compressor.Run(job, backend).Stages;
            return new Timed(Stopwatch.GetElapsedTime(start).TotalSeconds, stages);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
