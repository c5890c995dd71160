using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.Backends;
using SvdSurgeon.Evaluation.Corpora;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Cli.Output;

/// <summary>Perplexities in LowRankArena's result schema, version 1.1 (arXiv 2608.26389), as its own runner of contiguous blocks writes
/// them.</summary>
internal static class ArenaJson
{
    private const string Suite = "ppl",
        Aggregation = "macro_mean";

    public static JsonObject Of(Checkpoint model, IBackend backend, CorpusProtocol protocol, IReadOnlyList<CorpusResult> results) =>
        new()
        {
            ["schema_version"] = "1.1",
            ["kind"] = "eval",
            ["status"] = "completed",
            ["generated_at"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture),
            ["checkpoint"] = CheckpointOf(model),
            ["suite"] = new JsonObject
            {
                ["id"] = Suite,
                ["path"] = Suite,
                ["name"] = Suite,
            },
            ["backend"] = new JsonObject { ["name"] = "svdsurgeon", ["version"] = Recipe.ProgramVersion },
            ["config"] = Config(model, backend, protocol, results),
            ["metrics"] = Summary(results),
            ["artifacts"] = new JsonObject(),
            ["runtime"] = new JsonObject
            {
                ["model_path"] = model.Path,
                ["source_model_path"] = model.Path,
                ["tokenizer_path"] = model.Path,
                ["preparation_kind"] = "direct",
                ["preparation_notes"] = new JsonArray(),
            },
            ["details"] = new JsonObject
            {
                ["summary"] = Summary(results),
                ["tasks"] = new JsonArray([.. results.Select(result => Task(result, protocol))]),
            },
        };

    private static JsonObject CheckpointOf(Checkpoint model) =>
        new()
        {
            ["name"] = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Path))),
            ["locator"] = model.Path,
            ["model_family"] = model.Config.ModelType,
            ["variant"] = "base",
            ["method"] = (string?)model.Compression?["method"] ?? "dense",
            ["source"] = "local",
            ["repo_id"] = "",
            ["revision"] = "",
            ["subpath"] = model.Path,
            ["benchmarks"] = new JsonArray(),
            ["enabled"] = true,
            ["notes"] = "",
        };

    private static JsonObject Config(Checkpoint model, IBackend backend, CorpusProtocol protocol, IReadOnlyList<CorpusResult> results) =>
        new()
        {
            ["datasets"] = new JsonArray([.. results.Select(result => (JsonNode?)result.Corpus.Name)]),
            ["dataset_configs"] = new JsonArray([
                .. results.Select(result => new JsonObject
                {
                    ["name"] = result.Corpus.Name,
                    ["path"] = result.Corpus.Source,
                    ["max_eval_tokens"] = protocol.MaxTokens,
                }),
            ]),
            ["metric"] = "ppl",
            ["metric_aggregation"] = Aggregation,
            ["dtype"] = "float32",
            ["device"] = backend.Description,
            ["batch_size"] = 1,
            ["max_length"] = protocol.Length,
            ["contiguous_windows"] = protocol.Contiguous,
            ["tokenization"] = new JsonObject
            {
                ["apply_chat_template"] = false,
                ["add_special_tokens"] = protocol.AddsSpecialTokens,
                ["tokenizer_path"] = model.Path,
            },
        };

    private static JsonObject Task(CorpusResult result, CorpusProtocol protocol) =>
        new()
        {
            ["name"] = result.Corpus.Name,
            ["dataset_path"] = result.Corpus.Source,
            ["ppl"] = result.Perplexity.Ppl,
            ["log_se"] = result.Perplexity.LogSe,
            ["negative_log_likelihood_sum"] = result.LossSum,
            ["token_count"] = result.Corpus.ScoredTokens,
            ["loaded_token_count"] = result.Corpus.LoadedTokens,
            ["scored_token_sha256"] = result.Corpus.TokenHash(),
            ["block_count"] = result.Perplexity.Windows,
            ["max_length"] = result.Corpus.Windows.Length,
            ["max_eval_tokens"] = protocol.MaxTokens,
            ["docs_scanned"] = result.Corpus.Documents,
            ["seconds"] = Math.Round(result.Perplexity.Seconds, 3),
        };

    private static JsonObject Summary(IReadOnlyList<CorpusResult> results)
    {
        var perplexities = new JsonObject();
        foreach (var result in results)
            perplexities[result.Corpus.Name] = result.Perplexity.Ppl;
        return new JsonObject
        {
            ["primary_metric"] = "ppl",
            ["mean"] = results.Average(result => result.Perplexity.Ppl),
            ["task_count"] = results.Count,
            ["scored_task_count"] = results.Count,
            ["aggregation"] = Aggregation,
            ["tracked_metrics"] = new JsonArray("ppl"),
            ["by_metric"] = new JsonObject { ["ppl"] = perplexities },
        };
    }
}
