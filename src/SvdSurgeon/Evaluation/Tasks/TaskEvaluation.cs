using System.Diagnostics;
using SvdSurgeon.Backends;
using SvdSurgeon.Models;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>Multiple choice by log-likelihood, as lm-evaluation-harness 0.4.13 does it: the model never writes, it only says how likely
/// each choice is.</summary>
internal static class TaskEvaluation
{
    /// <summary>Evaluates a model on a task.</summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="task">Items and examples.</param>
    /// <param name="maxLength">Most tokens that the model reads at once; null for the model's positions. What does not fit is cut at the
    /// front.</param>
    /// <param name="journal">Where finished items are kept, and those of an earlier run found; null for nowhere.</param>
    /// <param name="itemsDone">Called with the number of finished items.</param>
    /// <param name="cancellation">Checked between items.</param>
    /// <exception cref="InvalidInputException">An item has nothing to score, or a choice is longer than the model can read.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public static TaskResult Evaluate(
        DecoderModel model,
        IBackend backend,
        Tokenizer tokenizer,
        TaskSet task,
        int? maxLength = null,
        ItemJournal? journal = null,
        Action<int>? itemsDone = null,
        CancellationToken cancellation = default
    )
    {
        var clock = Stopwatch.StartNew();
        int length = maxLength ?? model.Config.MaxPositions;
        if (length < 1 || length > model.Config.MaxPositions)
            throw new InvalidInputException($"--max-length {length}: this model reads 1 to {model.Config.MaxPositions:N0} tokens at once.");
        var encoder = new ContinuationEncoder(tokenizer, length);
        var items = task.Questions.Select((_, i) => Encode(encoder, task, i)).ToArray();
        List<ScoredText> all = [.. items.SelectMany(item => item)];
        var results = new ItemResult?[task.Count];
        foreach (var known in journal?.Known(task.Name, task.Count) ?? [])
            results[known.Index] = known;
        SharedPrefixScorer? scorer = null;
        try
        {
            for (int i = 0; i < task.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (results[i] is null)
                {
                    scorer ??= new SharedPrefixScorer(model, backend, all);
                    results[i] = Result(task.Questions[i], i, items[i], scorer.Score(items[i]));
                    journal?.Add(task, results[i]!);
                }
                itemsDone?.Invoke(i + 1);
            }
        }
        finally
        {
            scorer?.Dispose();
        }
        return new TaskResult(
            task.Name,
            task.Metrics,
            results!,
            all.Sum(text => (long)text.Input.Length),
            scorer?.TokensRead ?? 0,
            clock.Elapsed.TotalSeconds
        );
    }

    private static ScoredText[] Encode(ContinuationEncoder encoder, TaskSet task, int item) =>
        [
            .. task.Questions[item]
                .Choices.Select(
                    (_, choice) =>
                    {
                        var (context, continuation) = task.Texts(item, choice);
                        return encoder.Encode(context, continuation, $"{task.Name}, item {item + 1}");
                    }
                ),
        ];

    private static ItemResult Result(TaskQuestion question, int index, ScoredText[] texts, ChoiceScore[] scores) =>
        new()
        {
            Index = index,
            Gold = question.Gold,
            LogLikelihoods = [.. scores.Select(score => score.LogLikelihood)],
            Greedy = [.. scores.Select(score => score.IsGreedy)],
            Lengths = [.. question.Choices.Select(PythonText.Length)],
            ContextTokens = [.. texts.Select(text => text.ContextTokens)],
            ContinuationTokens = [.. texts.Select(text => text.Scored)],
            Dropped = [.. texts.Select(text => text.Dropped)],
        };
}
