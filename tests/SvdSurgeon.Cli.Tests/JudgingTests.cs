using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Tests;

/// <summary>eval over several corpora, compare, bench, and compress with tasks.</summary>
[TestFixture, Category("Slow")]
public sealed class JudgingTests
{
    private const string Items = """
        {"goal": "To keep warm,", "sol1": "open the window.", "sol2": "close the door.", "label": 1}
        {"goal": "To see at night,", "sol1": "light a lamp.", "sol2": "paint the lamp.", "label": 0}
        {"goal": "To wake up early,", "sol1": "set a clock.", "sol2": "hide the clock.", "label": 0}

        """;

    [Test]
    public void Eval_of_named_texts_is_in_the_arenas_schema()
    {
        string[] common = ["eval", Svdsurgeon.Opt, "--seqlen", "64", "--windows", "3", "--threads", "1"];
        var one = Svdsurgeon.Json([.. common, "--text", Svdsurgeon.EvaluationText, "--no-special"]);
        var both = Svdsurgeon.Json([
            .. common,
            "--preset",
            "arena",
            "--text",
            $"tales={Svdsurgeon.EvaluationText}",
            $"more={Svdsurgeon.CalibrationText}",
        ]);
        var tasks = (JsonArray)both["details"]!["tasks"]!;
        Assert.That(tasks.Select(task => (string)task!["name"]!), Is.EqualTo(new[] { "tales", "more" }));
        Assert.That(
            ((string)both["schema_version"]!, (string)both["kind"]!, (bool)both["config"]!["tokenization"]!["add_special_tokens"]!),
            Is.EqualTo(("1.1", "eval", false))
        );
        var tales = tasks[0]!;
        Assert.That(((int)tales["token_count"]!, (int)tales["block_count"]!, (int)tales["max_length"]!), Is.EqualTo((3 * 63, 3, 64)));
        Assert.That((double)tales["negative_log_likelihood_sum"]! / (3 * 63), Is.EqualTo(Math.Log((double)tales["ppl"]!)).Within(1e-9));
        Assert.That((double)both["metrics"]!["by_metric"]!["ppl"]!["tales"]!, Is.EqualTo((double)tales["ppl"]!));
        Assert.That((double)both["metrics"]!["mean"]!, Is.EqualTo(tasks.Average(task => (double)task!["ppl"]!)).Within(1e-9));
        Assert.That(
            ((double)one["ppl"]!, (string)one["scored_token_sha256"]!),
            Is.EqualTo(((double)tales["ppl"]!, (string)tales["scored_token_sha256"]!))
        );
    }

    [Test]
    public void A_compression_with_tasks_is_judged_in_report_and_eval_keeps_its_window()
    {
        using var folder = new TemporaryFolder();
        string items = folder["piqa.jsonl"],
            output = folder["out"];
        File.WriteAllText(items, Items);
        var result = Svdsurgeon.Json(
            "compress",
            Svdsurgeon.Opt,
            "--out",
            output,
            "--ratio",
            "0.5",
            "--method",
            "svd",
            "--surgeon",
            "none",
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "48",
            "--sequences",
            "2",
            "--eval-text",
            Svdsurgeon.EvaluationText,
            "--eval-windows",
            "2",
            "--eval-task",
            items,
            "--threads",
            "1"
        );
        var task = result["results"]![0]!["tasks"]![0]!;
        string model = (string)result["results"]![0]!["folder"]!;
        Assert.That(((string)task["task"]!, (int)task["n"]!), Is.EqualTo(("piqa", 3)));
        Assert.That(
            (double)task["acc_difference"]!["mean"]!,
            Is.EqualTo((double)task["second"]!["acc"]! - (double)task["first"]!["acc"]!).Within(1e-12)
        );
        Assert.That(
            (string)JsonNode.Parse(File.ReadAllText(Path.Combine(model, "metrics.json")))!["tasks"]![0]!["task"]!,
            Is.EqualTo("piqa")
        );
        Assert.That(Svdsurgeon.Run("report", output).ExitCode, Is.Zero);
        Assert.That(File.ReadAllText(Path.Combine(output, "report.html")), Does.Contain("<h2>Tasks</h2>").And.Contain("may be chance"));
        // The window is that of the run; nothing has to be said.
        var line = Svdsurgeon.Run("eval", model, "--text", Svdsurgeon.EvaluationText, "--windows", "2", "--threads", "1");
        Assert.That(line.Output, Does.Contain("2 windows of 48 tokens as in the model's run"), line.Error);
        var again = Svdsurgeon.Json("eval", model, "--text", Svdsurgeon.EvaluationText, "--windows", "2", "--threads", "1");
        Assert.That((double)again["ppl"]!, Is.EqualTo((double)result["results"]![0]!["ppl"]!).Within(1e-9).Percent);

        string page = folder["page.html"];
        var compared = Svdsurgeon.Json(
            "compare",
            Svdsurgeon.Opt,
            model,
            "--text",
            $"tales={Svdsurgeon.EvaluationText}",
            "--windows",
            "2",
            "--task",
            items,
            "--html",
            page,
            "--threads",
            "1"
        );
        var text = compared["texts"]![0]!;
        Assert.That(((int)text["window_length"]!, (int)text["tokens"]!), Is.EqualTo((48, 2 * 47)));
        Assert.That(Math.Exp((double)text["second"]!["mean_nll"]!), Is.EqualTo((double)again["ppl"]!).Within(1e-6).Percent);
        Assert.That(
            (double)text["difference"]!["mean"]!,
            Is.EqualTo((double)text["second"]!["mean_nll"]! - (double)text["first"]!["mean_nll"]!).Within(1e-12)
        );
        Assert.That((double)text["kl"]!["mean"]!, Is.GreaterThan(0).And.LessThan((double)text["kl"]!["p99"]!));
        Assert.That((double)compared["tasks"]![0]!["acc_difference"]!["mean"]!, Is.EqualTo((double)task["acc_difference"]!["mean"]!));
        // Well-formed, and nothing from outside.
        System.Xml.Linq.XDocument.Parse(File.ReadAllText(page).Replace("<!DOCTYPE html>", ""));
    }

    [Test]
    public void Bench_measures_reading_and_writing_for_each_number_of_threads()
    {
        var run = Svdsurgeon.Run(
            "bench",
            Svdsurgeon.Opt,
            "--prompt",
            "8",
            "--generate",
            "4",
            "--repeats",
            "2",
            "--threads",
            "1",
            "2",
            "--json"
        );
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        var rows = (JsonArray)JsonNode.Parse(run.Output)!;
        Assert.That(
            rows.Select(row => ((int)row!["threads"]!, (string)row["test"]!)),
            Is.EqualTo(new[] { (1, "pp8"), (1, "tg4"), (2, "pp8"), (2, "tg4") })
        );
        foreach (var row in rows)
        {
            var rates = row!["tokens_per_second"]!;
            Assert.That(rates["values"]!.AsArray(), Has.Count.EqualTo(2));
            Assert.That((double)rates["median"]!, Is.InRange((double)rates["least"]!, (double)rates["most"]!).And.GreaterThan(0));
            Assert.That((double)row["load_seconds"]!["median"]! * (double)row["memory_mib"]!, Is.GreaterThan(0));
        }
    }

    [TestCase("eval", "{opt}", "--text", "a={text}", "{text}")]
    [TestCase("eval", "{opt}", "--text", "{text}", "--preset", "other")]
    [TestCase("eval", "{opt}", "--text", "{text}", "--preset", "arena")]
    [TestCase("eval", "{opt}", "--text", "{text}", "--max-tokens", "-1")]
    [TestCase("compare", "{opt}", "{opt}")]
    [TestCase("compare", "{opt}", "{llama}", "--text", "{text}")]
    [TestCase("bench", "{opt}", "--prompt", "100000")]
    [TestCase("bench", "{opt}", "--prompt", "0", "--generate", "0")]
    public void What_cannot_be_used_is_one_sentence_and_exit_code_2(params string[] arguments)
    {
        var run = Svdsurgeon.Run([
            .. arguments.Select(a =>
                a.Replace("{opt}", Svdsurgeon.Opt).Replace("{llama}", Svdsurgeon.Llama).Replace("{text}", Svdsurgeon.EvaluationText)
            ),
        ]);
        Assert.That((run.ExitCode, run.Output, run.Error.TrimEnd().Split('\n').Length), Is.EqualTo((2, "", 1)), run.Error);
    }
}
