using System.CommandLine;
using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Tasks;
using SvdSurgeon.Evaluation.Comparing;
using SvdSurgeon.Evaluation.Corpora;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Reporting;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon compare: two models on the same tokens and the same items.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var first = new Argument<string>("a") { Description = "The model to compare with: the dense one." };
        var second = new Argument<string>("b") { Description = "The other model, with the same tokenizer." };
        var texts = new CorpusArguments();
        var tasks = new TaskArguments();
        var html = new Option<string?>("--html") { Description = "Write a page with tables and a picture, too." };
        var json = CommonOptions.Json();
        var backendArguments = new BackendArguments();
        var command = new Command("compare", "Compare two models token by token and item by item.") { first, second };
        texts.AddTo(command);
        tasks.AddTo(command);
        command.Add(html);
        command.Add(json);
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        var sets = tasks.Read(parsed);
                        bool reads = texts.Any(parsed);
                        if (!reads && sets.Count == 0)
                            throw new InvalidInputException("compare needs --text, --tokens or --task: what the models are compared at.");
                        using var a = Checkpoint.Open(parsed.GetRequiredValue(first));
                        using var b = Checkpoint.Open(parsed.GetRequiredValue(second));
                        string[] warnings =
                        [
                            .. a
                                .Warnings.Concat(b.Warnings)
                                .Concat(sets.Count > 0 ? Tokenizer.Open(a.Path).Warnings : [])
                                .Distinct(StringComparer.Ordinal),
                        ];
                        InputWarnings.Print(warnings);
                        var corpora = reads ? SameTokens(texts, parsed, a, b) : [];
                        using var backend = backendArguments.Open(parsed);
                        bool quiet = parsed.GetValue(json);
                        var (onTexts, onTasks) = ProgressView.Run(
                            quiet,
                            progress =>
                            {
                                var read = OnTexts(a, b, backend, corpora, progress, cancellation);
                                var one = TasksCommand.Evaluate(a, backend, sets, null, null, progress, cancellation);
                                var other = TasksCommand.Evaluate(b, backend, sets, null, null, progress, cancellation);
                                return (read, one.Zip(other, (x, y) => new TaskComparison(x, y)).ToList());
                            }
                        );
                        if (parsed.GetValue(html) is { } page)
                            ComparisonReport.Write(page, a.Path, b.Path, onTexts, onTasks);
                        if (quiet)
                            JsonOutput.Write(
                                new JsonObject
                                {
                                    ["first"] = a.Path,
                                    ["second"] = b.Path,
                                    ["texts"] = new JsonArray([.. onTexts.Select(text => text.ToJson())]),
                                    ["tasks"] = new JsonArray([.. onTasks.Select(task => task.ToJson())]),
                                    ["warnings"] = InputWarnings.Json(warnings),
                                }
                            );
                        else
                            ComparisonView.Print(onTexts, onTasks);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    // Both tokenizers must cut the texts alike: otherwise tokens are not comparable.
    private static IReadOnlyList<Corpus> SameTokens(CorpusArguments texts, ParseResult parsed, Checkpoint a, Checkpoint b)
    {
        // The window of the run that made the second model, where there is one.
        var model = CorpusArguments.LengthOfRun(b) is not null ? b : a;
        var protocol = texts.Protocol(parsed, model);
        var corpora = texts.Read(parsed, a, protocol);
        foreach (var (mine, other) in corpora.Zip(texts.Read(parsed, b, protocol)))
            if (mine.TokenHash() != other.TokenHash())
                throw new InvalidInputException(
                    $"{b.Path}: its tokenizer cuts {mine.Source} differently than that of {a.Path}. Only models of one "
                        + $"tokenizer can be compared token by token."
                );
        return corpora;
    }

    private static List<TextComparison> OnTexts(
        Checkpoint a,
        Checkpoint b,
        IBackend backend,
        IReadOnlyList<Corpus> corpora,
        IProgress<StageProgress> progress,
        CancellationToken cancellation
    )
    {
        DecoderModel first = DecoderModel.Load(a),
            second = DecoderModel.Load(b);
        try
        {
            return
            [
                .. corpora.Select(corpus =>
                    ModelComparison.OnText(
                        first,
                        second,
                        backend,
                        corpus,
                        done =>
                            progress.Report(
                                new StageProgress(corpus.Name, $"window {done}/{corpus.Windows.Count}", done, corpus.Windows.Count)
                            ),
                        cancellation
                    )
                ),
            ];
        }
        catch (NumericalException)
        {
            FiniteWeights.Require(a, cancellation);
            FiniteWeights.Require(b, cancellation);
            throw;
        }
    }
}
