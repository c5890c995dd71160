using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Backends;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Tasks;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Tasks;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon tasks: accuracy at multiple choice, as lm-evaluation-harness measures it.</summary>
internal static class TasksCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var tasks = new TaskArguments(required: true);
        var length = new Option<int?>("--max-length")
        {
            Description = "Most tokens that the model reads at once; longer contexts are cut at the front. Default: the model's positions.",
        };
        var items = new Option<string?>("--items")
        {
            Description = "File for the log-likelihoods of every item, JSON lines. A run that is stopped goes on from there.",
        };
        var backendArguments = new BackendArguments();
        var json = new Option<bool>("--json") { Description = "Print one JSON array on standard output and nothing else." };
        var command = new Command("tasks", "Measure accuracy at multiple-choice tasks, as lm-evaluation-harness does.") { model };
        tasks.AddTo(command);
        foreach (Option option in (Option[])[length, items, json])
            command.Add(option);
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        var sets = tasks.Read(parsed);
                        using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
                        string[] warnings = [.. checkpoint.Warnings.Concat(Tokenizer.Open(checkpoint.Path).Warnings)];
                        InputWarnings.Print(warnings);
                        using var backend = backendArguments.Open(parsed);
                        bool quiet = parsed.GetValue(json);
                        int? limit = parsed.GetValue(length);
                        using var journal = parsed.GetValue(items) is { } path
                            ? new ItemJournal(path, Key(checkpoint, backend, sets, limit, cancellation))
                            : null;
                        var results = ProgressView.Run(
                            quiet,
                            progress => Evaluate(checkpoint, backend, sets, limit, journal, progress, cancellation)
                        );
                        journal?.Finish(results);
                        if (quiet)
                            JsonOutput.Write(new JsonArray([.. results.Select(result => ToJson(result, warnings))]));
                        else
                            Print(results);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    /// <summary>Evaluates a model on all tasks.</summary>
    public static IReadOnlyList<TaskResult> Evaluate(
        Checkpoint checkpoint,
        IBackend backend,
        IReadOnlyList<TaskSet> sets,
        int? maxLength,
        ItemJournal? journal,
        IProgress<StageProgress> progress,
        CancellationToken cancellation
    )
    {
        if (sets.Count == 0)
            return [];
        var model = DecoderModel.Load(checkpoint);
        var tokenizer = Tokenizer.Open(checkpoint.Path);
        try
        {
            return
            [
                .. sets.Select(set =>
                    TaskEvaluation.Evaluate(
                        model,
                        backend,
                        tokenizer,
                        set,
                        maxLength,
                        journal,
                        done => progress.Report(new StageProgress(set.Name, $"item {done}/{set.Count}", done, set.Count)),
                        cancellation
                    )
                ),
            ];
        }
        catch (NumericalException)
        {
            FiniteWeights.Require(checkpoint, cancellation);
            throw;
        }
    }

    /// <summary>Accuracies with their errors as a person reads them.</summary>
    public static void Print(IReadOnlyList<TaskResult> results)
    {
        bool words = results.Any(result => result.Perplexity is not null);
        var table = NumberTable.With(["task", "items", "acc", "acc_norm", .. words ? ["perplexity"] : Array.Empty<string>(), "tokens/s"]);
        foreach (var result in results)
            table.AddRow([
                result.Task,
                Number(result.Items.Count, "N0"),
                WithError(result.Accuracy),
                result.NormalizedAccuracy is { } normalized ? WithError(normalized) : "",
                .. words ? [Perplexity(result)] : Array.Empty<string>(),
                Number(result.TokensPerSecond, "N0"),
            ]);
        NumberTable.Write(table);
        long tokens = results.Sum(result => result.Tokens),
            read = results.Sum(result => result.TokensRead);
        if (read == 0)
            Console.WriteLine("All items were known from an earlier run.");
        else
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{tokens:N0} tokens in {results.Sum(result => result.Seconds):F1} s; {read:N0} were read, the rest "
                        + $"stands in prompts that choices share. Peak {Bytes.OfMebibytes(ProcessMemory.PeakMiB())}."
                )
            );
    }

    private static JsonObject ToJson(TaskResult result, IReadOnlyList<string> warnings)
    {
        var json = result.ToJson();
        json["warnings"] = InputWarnings.Json(warnings);
        return json;
    }

    private static string Key(
        Checkpoint checkpoint,
        IBackend backend,
        IReadOnlyList<TaskSet> sets,
        int? maxLength,
        CancellationToken cancellation
    )
    {
        string all = string.Join(
            ' ',
            [ModelHash.Of(checkpoint, cancellation), backend.Description.Split(' ')[0], $"{maxLength}", .. sets.Select(set => set.Hash())]
        );
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    private static string Perplexity(TaskResult result) =>
        result.Perplexity is { } perplexity
            ? Number(perplexity, "G4") + (result.PerplexityError is { } error ? $" ± {Number(error, "G2")}" : "")
            : "";

    private static string WithError(Mean mean) => Number(mean.Value, "F4") + (mean.Error is { } error ? $" ± {Number(error, "F4")}" : "");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
