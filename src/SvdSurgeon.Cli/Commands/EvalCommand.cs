using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Corpora;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon eval: perplexity and its error, on one text or several.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var texts = new CorpusArguments();
        var backendArguments = new BackendArguments();
        var json = CommonOptions.Json();
        var command = new Command("eval", "Measure perplexity.") { model };
        texts.AddTo(command);
        command.Add(json);
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
                        var protocol = texts.Protocol(parsed, checkpoint);
                        var corpora = texts.Read(parsed, checkpoint, protocol);
                        using var backend = backendArguments.Open(parsed);
                        bool quiet = parsed.GetValue(json);
                        var results = ProgressView.Run(quiet, progress => Evaluate(checkpoint, backend, corpora, progress, cancellation));
                        InputWarnings.Print(checkpoint.Warnings);
                        bool arena = texts.IsArena(parsed, corpora);
                        if (quiet)
                            JsonOutput.Write(arena ? ArenaJson.Of(checkpoint, backend, protocol, results) : Json(results[0], checkpoint));
                        else
                            foreach (var result in results)
                                Console.WriteLine(Line(result, named: arena, checkpoint));
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    private static IReadOnlyList<CorpusResult> Evaluate(
        Checkpoint checkpoint,
        IBackend backend,
        IReadOnlyList<Corpus> corpora,
        IProgress<StageProgress> progress,
        CancellationToken cancellation
    )
    {
        var model = DecoderModel.Load(checkpoint);
        try
        {
            return
            [
                .. corpora.Select(corpus => new CorpusResult(
                    corpus,
                    Perplexity.Evaluate(
                        model,
                        backend,
                        corpus.Windows,
                        done =>
                            progress.Report(
                                new StageProgress(
                                    $"eval {corpus.Name}",
                                    $"window {done}/{corpus.Windows.Count}",
                                    done,
                                    corpus.Windows.Count
                                )
                            ),
                        cancellation
                    )
                )),
            ];
        }
        catch (NumericalException)
        {
            FiniteWeights.Require(checkpoint, cancellation);
            throw;
        }
    }

    // Perplexities of different windows cannot be compared: every line names its own.
    private static string Line(CorpusResult result, bool named, Checkpoint checkpoint)
    {
        var perplexity = result.Perplexity;
        string run = CorpusArguments.LengthOfRun(checkpoint) == result.Corpus.Windows.Length ? " as in the model's run" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(named ? $"{result.Corpus.Name}: " : "")}perplexity "
                + $"{PerplexityText.WithError(perplexity.Ppl, perplexity.MeanNll, perplexity.LogSe, "G6")}   "
                + $"({perplexity.Windows} windows of {result.Corpus.Windows.Length} tokens{run}, {perplexity.Tokens:N0} tokens, "
                + $"{perplexity.Seconds:F1} s, {Rate(perplexity):N0} tokens/s, peak {Bytes.OfMebibytes(ProcessMemory.PeakMiB())})"
        );
    }

    private static JsonObject Json(CorpusResult result, Checkpoint checkpoint)
    {
        var perplexity = result.Perplexity;
        return new JsonObject
        {
            ["ppl"] = perplexity.Ppl,
            ["mean_nll"] = perplexity.MeanNll,
            ["log_se"] = perplexity.LogSe,
            ["windows"] = perplexity.Windows,
            ["window_length"] = result.Corpus.Windows.Length,
            ["tokens"] = perplexity.Tokens,
            ["scored_tokens"] = result.Corpus.ScoredTokens,
            ["nll_sum"] = result.LossSum,
            ["scored_token_sha256"] = result.Corpus.TokenHash(),
            ["seconds"] = Math.Round(perplexity.Seconds, 3),
            ["tokens_per_second"] = Math.Round(Rate(perplexity), 1),
            ["peak_mib"] = Math.Round(ProcessMemory.PeakMiB(), 1),
            ["warnings"] = InputWarnings.Json(checkpoint.Warnings),
        };
    }

    private static double Rate(PerplexityResult result) => result.Tokens / Math.Max(result.Seconds, 1e-9);
}
