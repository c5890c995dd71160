using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Evaluation.Speed;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon bench: how fast models read and write, over numbers of threads or on a GPU, as llama-bench measures it.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var models = new Argument<string[]>("models") { Description = "Models to measure.", Arity = ArgumentArity.OneOrMore };
        var prompt = new Option<int>("--prompt")
        {
            Description = "Tokens of the prompt; 0 leaves this test out.",
            DefaultValueFactory = _ => 512,
        };
        var generate = new Option<int>("--generate")
        {
            Description = "Tokens to write; 0 leaves this test out.",
            DefaultValueFactory = _ => 128,
        };
        var repeats = new Option<int>("--repeats") { Description = "Measurements of each test.", DefaultValueFactory = _ => 5 };
        var threads = new Option<int[]>("--threads")
        {
            Description = "Numbers of CPU threads, one measurement for each. Default: 1 and one per processor. A GPU is measured once.",
            AllowMultipleArgumentsPerToken = true,
        };
        var backends = new BackendArguments();
        var json = new Option<bool>("--json") { Description = "Print one JSON array on standard output and nothing else." };
        var command = new Command("bench", "Measure prompt and generation speed.") { models, prompt, generate, repeats, threads, json };
        backends.AddWithoutThreadsTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        int read = parsed.GetValue(prompt),
                            written = parsed.GetValue(generate),
                            times = parsed.GetValue(repeats);
                        if (read < 0 || written < 0 || read + written == 0)
                            throw new InvalidInputException(
                                $"--prompt {read} --generate {written}: at least one of the two must be 1 or more, none below 0."
                            );
                        if (times < 1)
                            throw new InvalidInputException($"--repeats {times}: at least 1 measurement is needed.");
                        int[] counts = parsed.GetValue(threads) is { Length: > 0 } given
                            ? given
                            : [.. new[] { 1, Environment.ProcessorCount }.Distinct()];
                        var rows = new List<Row>();
                        foreach (string path in parsed.GetRequiredValue(models))
                        {
                            var load = Load(path, times);
                            using var checkpoint = Checkpoint.Open(path);
                            InputWarnings.Print(checkpoint.Warnings);
                            if (Math.Max(read, written) > checkpoint.Config.MaxPositions)
                                throw new InvalidInputException(
                                    $"{path}: {Math.Max(read, written)} tokens are more than the model's "
                                        + $"{checkpoint.Config.MaxPositions:N0} positions. Ask for fewer."
                                );
                            foreach (var backend in backends.Open(parsed, counts, generates: true))
                                using (backend)
                                    rows.AddRange(Measure(checkpoint, backend, load, read, written, times, cancellation));
                        }
                        if (parsed.GetValue(json))
                            JsonOutput.Write(new JsonArray([.. rows.Select(row => row.ToJson())]));
                        else
                            Print(rows);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    // Weights are mapped, not read: what is measured is opening, checking and finding every tensor.
    private static Repeats Load(string path, int times)
    {
        var seconds = new List<double>();
        for (int i = 0; i < times; i++)
        {
            long start = Stopwatch.GetTimestamp();
            using var checkpoint = Checkpoint.Open(path);
            _ = DecoderModel.Load(checkpoint);
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return new Repeats(seconds);
    }

    private static IEnumerable<Row> Measure(
        Checkpoint checkpoint,
        IBackend backend,
        Repeats load,
        int prompt,
        int generate,
        int repeats,
        CancellationToken cancellation
    )
    {
        var model = DecoderModel.Load(checkpoint);
        if (prompt > 0)
        {
            var rates = DecodingSpeed.Prompt(model, backend, prompt, repeats, cancellation);
            yield return new Row(checkpoint, backend, $"pp{prompt}", rates, load, Environment.WorkingSet);
        }
        if (generate > 0)
        {
            var rates = DecodingSpeed.Generation(model, backend, generate, repeats, cancellation);
            yield return new Row(checkpoint, backend, $"tg{generate}", rates, load, Environment.WorkingSet);
        }
    }

    private static void Print(List<Row> rows)
    {
        var table = NumberTable.With("model", "size", "device", "test", "tokens/s", "least – most", "memory", "load, ms");
        foreach (var row in rows)
            table.AddRow(
                Markup.Escape(row.Name),
                Bytes.Text(row.Bytes),
                Markup.Escape(row.Device),
                row.Test,
                Number(row.Rates.Median, "F2"),
                $"{Number(row.Rates.Least, "F2")} – {Number(row.Rates.Most, "F2")}",
                Bytes.Text(row.Memory),
                Number(1000 * row.Load.Median, "F1")
            );
        NumberTable.Write(table);
        Console.WriteLine(
            "Medians; pp reads a prompt in one pass, tg writes token by token, each from an empty cache after one run that does not count."
        );
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>One test of one model on one device; memory is the process's on the machine, not the GPU's.</summary>
    private sealed record Row(string Path, long Bytes, string Device, int? Threads, string Test, Repeats Rates, Repeats Load, long Memory)
    {
        /// <summary>What the user should know of the model.</summary>
        public IReadOnlyList<string> Warnings { get; private init; } = [];

        public const double MiB = 1 << 20;

        public Row(Checkpoint model, IBackend backend, string test, Repeats rates, Repeats load, long memory)
            : this(model.Path, model.Bytes, backend.Description, (backend as CpuBackend)?.Threads, test, rates, load, memory) =>
            Warnings = [.. model.Warnings];

        public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(Path));

        public JsonObject ToJson() =>
            new()
            {
                ["model"] = Path,
                ["bytes"] = Bytes,
                ["device"] = Device,
                ["threads"] = Threads,
                ["test"] = Test,
                ["tokens_per_second"] = Json(Rates),
                ["load_seconds"] = Json(Load),
                ["memory_mib"] = Math.Round(Memory / MiB, 1),
                ["warnings"] = InputWarnings.Json(Warnings),
            };

        private static JsonObject Json(Repeats repeats) =>
            new()
            {
                ["median"] = repeats.Median,
                ["least"] = repeats.Least,
                ["most"] = repeats.Most,
                ["values"] = new JsonArray([.. repeats.Values.Select(value => (JsonNode?)value)]),
            };
    }
}
