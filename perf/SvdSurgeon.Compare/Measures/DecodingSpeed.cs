using System.Diagnostics;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Compare.Tables;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Compare.Measures;

/// <summary>Tokens a second of one text with a key-value cache, against what the memory can deliver.</summary>
internal sealed class DecodingSpeed : IMeasure
{
    private const int FullTokens = 128,
        QuickTokens = 32;

    public string Name => "decoding";

    private sealed record Subject(string Name, long FileBytes, Checkpoint Checkpoint)
    {
        public List<double> Rates { get; } = [];
    }

    public Section Run(Comparison comparison)
    {
        int count = Math.Min(comparison.Settings.Quick ? QuickTokens : FullTokens, comparison.Calibration.Length);
        using var backend = comparison.OpenBackend();
        var subjects = new List<Subject>
        {
            Widened("dense", comparison.Checkpoint),
            new("dense, as stored", comparison.Checkpoint.Bytes, comparison.Checkpoint),
        };
        var folders = comparison.Settings.Compressed.Count > 0 ? comparison.Settings.Compressed : [Compress(comparison, backend)];
        var opened = folders.Select(Checkpoint.Open).ToList();
        for (int i = 0; i < opened.Count; i++)
        {
            string name =
                comparison.Settings.Compressed.Count > 0
                    ? Path.GetFileName(Path.TrimEndingDirectorySeparator(folders[i]))
                    : "compressed, 0.6";
            subjects.Add(Widened(name, opened[i]));
            subjects.Add(new($"{name}, as stored", opened[i].Bytes, opened[i]));
        }
        var ids = comparison.Calibration.Rows(0, 1)[..count].ToArray();
        foreach (var subject in subjects)
            Decode(DecoderModel.Load(subject.Checkpoint), backend, ids); // compiles, and reads the files
        comparison.Repeat(
            Name,
            _ =>
            {
                foreach (var subject in subjects)
                    subject.Rates.Add(Decode(DecoderModel.Load(subject.Checkpoint), backend, ids));
            }
        );

        double bandwidth = comparison.Machine.ReadBandwidth(comparison.Settings.Threads);
        var section = new Section("Decoding");
        section.Say(
            $"One text, {count} tokens one by one, key-value cache, logits of every token. f32: all tensors widened in memory "
                + $"beforehand. Bytes a token has to read: every tensor of the linear modules, their biases and the head, as they lie in "
                + $"memory; norms, one row of the embedding and the cache are not counted. Share: tokens/s × these bytes over the measured "
                + $"read bandwidth of {(comparison.Settings.Threads > 1 ? "all cores" : "one core")}, "
                + $"{ComparisonTable.Number(bandwidth)} GB/s."
        );
        var table = new Table(
            "model",
            "tokens/s",
            "MB a token",
            "GB/s",
            "of the bandwidth",
            "MB of weight files",
            "tokens/s, every repeat"
        );
        foreach (var subject in subjects)
        {
            double bytes = TokenBytes(subject.Checkpoint),
                rate = Samples.Median(subject.Rates),
                read = rate * bytes / 1e9;
            table.Add(
                subject.Name,
                ComparisonTable.Number(rate),
                ComparisonTable.Number(bytes / 1e6),
                ComparisonTable.Number(read),
                ComparisonTable.Number(read / bandwidth),
                ComparisonTable.Number(subject.FileBytes / 1e6),
                string.Join("; ", subject.Rates.Select(ComparisonTable.Number))
            );
        }
        section.Add(table.Lines());
        opened.ForEach(checkpoint => checkpoint.Dispose());
        return section;
    }

    private static double Decode(DecoderModel model, CpuBackend backend, int[] ids)
    {
        var logits = new float[model.Config.VocabSize];
        using var decoder = new CachedDecoder(model, backend, ids.Length);
        long start = Stopwatch.GetTimestamp();
        foreach (int id in ids)
            decoder.Append([id], logits);
        return ids.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double TokenBytes(Checkpoint checkpoint)
    {
        var model = DecoderModel.Load(checkpoint);
        return model.Head.ByteLength + model.Linears.Sum(m => m.StoredTensors.Sum(t => t.ByteLength) + (m.Bias?.ByteLength ?? 0));
    }

    // Indices stay what they are.
    private static Subject Widened(string name, Checkpoint source)
    {
        var tensors = source.Tensors.ToDictionary(
            pair => pair.Key,
            pair =>
                pair.Value.Type is DType.I32 or DType.F32 && pair.Value.RowPermutation is null
                    ? pair.Value
                    : StoredTensor.FromSingles(pair.Key, [.. pair.Value.Shape], pair.Value.ToSingles()),
            StringComparer.Ordinal
        );
        return new Subject(
            $"{name}, f32",
            source.Bytes,
            new Checkpoint(source.Path, source.Format, source.Config, source.ConfigJson, tensors, source.Files, [])
        );
    }

    private static string Compress(Comparison comparison, CpuBackend backend)
    {
        string folder = comparison.NewFolder();
        var job = new CompressionJob
        {
            Model = comparison.Checkpoint,
            Calibration = comparison.Calibration.Take(comparison.Settings.SpeedSequences),
            OutputFolder = Path.Combine(folder, "out"),
            WorkFolder = Path.Combine(folder, "work"),
            Options = new CompressionOptions
            {
                Method = CompressionMethod.Whiten,
                Surgeon = SurgeonMode.None,
                Ratios = [0.6],
            },
        };
        return Compressor.Run(job, backend).Models[0].Folder;
    }
}
