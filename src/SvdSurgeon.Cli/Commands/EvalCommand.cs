using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon eval: perplexity and its error.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var text = new Option<string[]>("--text")
        {
            Description = "Texts: .txt, .gz, or .jsonl with a text field.",
            AllowMultipleArgumentsPerToken = true,
        };
        var tokens = new Option<string?>("--tokens")
        {
            Description = "Token ids: .npy, [tokens], or [sequences, length] evaluated row by row.",
        };
        var length = new Option<int?>("--seqlen")
        {
            Description = "Tokens a window. Default: 2048, or the model's positions where they are fewer.",
        };
        var windows = new Option<int?>("--windows") { Description = "Evaluate the first K windows only." };
        var backendArguments = new BackendArguments();
        var json = CommonOptions.Json();
        var command = new Command("eval", "Measure perplexity.") { model, text, tokens, length, windows, json };
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        var texts = parsed.GetValue(text) ?? [];
                        string? file = parsed.GetValue(tokens);
                        if ((texts.Length > 0) == (file is not null))
                            throw new InvalidInputException("eval needs either --text or --tokens.");
                        using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
                        int seqlen = parsed.GetValue(length) ?? Math.Min(2048, checkpoint.Config.MaxPositions);
                        var data = EvaluationData.Open(checkpoint, texts, file, seqlen, parsed.GetValue(windows));
                        using var backend = backendArguments.Open(parsed);
                        bool quiet = parsed.GetValue(json);
                        var decoder = DecoderModel.Load(checkpoint);
                        PerplexityResult result;
                        try
                        {
                            result = ProgressView.Run(
                                quiet,
                                progress =>
                                    Perplexity.Evaluate(
                                        decoder,
                                        backend,
                                        data,
                                        done => progress.Report(new StageProgress("eval", $"window {done}/{data.Count}", done, data.Count)),
                                        cancellation
                                    )
                            );
                        }
                        catch (NumericalException)
                        {
                            FiniteWeights.Require(checkpoint, cancellation);
                            throw;
                        }
                        double rate = result.Tokens / Math.Max(result.Seconds, 1e-9),
                            peak = ProcessMemory.PeakMiB();
                        if (quiet)
                            JsonOutput.Write(
                                new JsonObject
                                {
                                    ["ppl"] = result.Ppl,
                                    ["mean_nll"] = result.MeanNll,
                                    ["log_se"] = result.LogSe,
                                    ["windows"] = result.Windows,
                                    ["tokens"] = result.Tokens,
                                    ["seconds"] = Math.Round(result.Seconds, 3),
                                    ["tokens_per_second"] = Math.Round(rate, 1),
                                    ["peak_mib"] = Math.Round(peak, 1),
                                }
                            );
                        else
                            Console.WriteLine(
                                string.Create(
                                    CultureInfo.InvariantCulture,
                                    $"perplexity {result.Ppl:G6} ± {result.Ppl * result.LogSe:G2}   ({result.Windows} windows, "
                                        + $"{result.Tokens:N0} tokens, {result.Seconds:F1} s, {rate:N0} tokens/s, peak {peak:N0} MiB)"
                                )
                            );
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
