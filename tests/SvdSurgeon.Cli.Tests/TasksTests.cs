using System.Text.Json.Nodes;
using Parquet.Serialization;

namespace SvdSurgeon.Cli.Tests;

public sealed class TasksTests
{
    private const string Piqa = """
        {"goal": "To keep warm,", "sol1": "open the window.", "sol2": "close the door.", "label": 1}
        {"goal": "To see at night,", "sol1": "light a lamp.", "sol2": "paint the lamp.", "label": 0}
        {"goal": "To wake up early,", "sol1": "set a clock.", "sol2": "hide the clock.", "label": 0}

        """;

    private const string Lambada = """
        {"text": "The cat sat on the mat. The dog came, and the cat ran from the dog"}
        {"text": "Once upon a time there was a king. Everybody loved the king"}

        """;

    [Test]
    public void Tasks_prints_one_array_under_the_harness_names_and_writes_the_items()
    {
        using var folder = new TemporaryFolder();
        string piqa = Write(folder, "piqa.jsonl", Piqa),
            lambada = Write(folder, "words.jsonl", Lambada),
            items = Path.Combine(folder.Path, "items.jsonl");
        var run = Svdsurgeon.Run(
            "tasks",
            Svdsurgeon.Llama,
            "--task",
            piqa,
            $"lambada_openai={lambada}",
            "--items",
            items,
            "--json",
            "--threads",
            "1"
        );
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        var results = (JsonArray)JsonNode.Parse(run.Output)!;
        Assert.That(results.Select(result => (string)result!["task"]!), Is.EqualTo(new[] { "piqa", "lambada_openai" }));
        foreach (string name in (string[])["n", "acc", "acc_stderr", "acc_norm", "acc_norm_stderr"])
            Assert.That(results[0]![name], Is.Not.Null, name);
        Assert.That(
            ((int)results[0]!["n"]!, results[0]!["perplexity"], results[1]!["acc_norm"]),
            Is.EqualTo((3, (JsonNode?)null, (JsonNode?)null))
        );
        Assert.That((double)results[1]!["perplexity"]!, Is.GreaterThan(1));
        var lines = File.ReadAllLines(items).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.That(
            lines.Select(line => ((string)line["task"]!, (int)line["index"]!)),
            Is.EqualTo(new[] { ("piqa", 0), ("piqa", 1), ("piqa", 2), ("lambada_openai", 0), ("lambada_openai", 1) })
        );
        Assert.That(lines.Take(3).Average(line => (int)line["acc"]!), Is.EqualTo((double)results[0]!["acc"]!));
        Assert.That(
            Math.Exp(-lines.Skip(3).Average(line => (double)line["loglikelihoods"]![0]!)),
            Is.EqualTo((double)results[1]!["perplexity"]!).Within(1e-9).Percent
        );
    }

    [Test]
    public async Task Parquet_gives_what_json_lines_give()
    {
        using var folder = new TemporaryFolder();
        string lines = Write(
            folder,
            "arc_easy.jsonl",
            """{"question": "Who barks?", "choices": {"text": ["a dog", "a cat"], "label": ["A", "B"]}, "answerKey": "A"}"""
        );
        string parquet = Path.Combine(folder.Path, "arc_easy.parquet");
        await ParquetSerializer.SerializeAsync(
            [
                new ArcItem
                {
                    question = "Who barks?",
                    choices = new ArcChoices { text = ["a dog", "a cat"], label = ["A", "B"] },
                    answerKey = "A",
                },
            ],
            parquet
        );
        Assert.That(Items(parquet), Is.EqualTo(Items(lines)));

        string Items(string file)
        {
            string items = file + ".items";
            var run = Svdsurgeon.Run("tasks", Svdsurgeon.Opt, "--task", file, "--items", items, "--threads", "1", "--json");
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            return File.ReadAllText(items);
        }
    }

    [TestCase("--task", "{piqa}", "--shots", "1")]
    [TestCase("--task", "{piqa}", "--shots-from", "{piqa}")]
    [TestCase("--task", "{piqa}", "--shots", "4", "--shots-from", "{piqa}")]
    [TestCase("--task", "{piqa}", "--limit", "0")]
    [TestCase("--task", "{piqa}", "--max-length", "100000")]
    [TestCase("--task", "nothing={piqa}")]
    [TestCase("--task", "boolq={piqa}")]
    [TestCase("--task", "{folder}/missing.jsonl")]
    [TestCase("--task", "piqa={folder}/missing.parquet")]
    [TestCase("--task", "piqa={damaged}")]
    public void What_cannot_be_used_is_one_sentence_and_exit_code_2(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        string piqa = Write(folder, "piqa.jsonl", Piqa),
            damaged = Write(folder, "damaged.parquet", "PAR1 not really PAR1");
        var run = Svdsurgeon.Run([
            "tasks",
            Svdsurgeon.Llama,
            .. arguments.Select(a => a.Replace("{piqa}", piqa).Replace("{folder}", folder.Path).Replace("{damaged}", damaged)),
        ]);
        Assert.That((run.ExitCode, run.Output, run.Error.TrimEnd().Split('\n').Length), Is.EqualTo((2, "", 1)), run.Error);
    }

    private static string Write(TemporaryFolder folder, string name, string text)
    {
        File.WriteAllText(Path.Combine(folder.Path, name), text);
        return Path.Combine(folder.Path, name);
    }

    // The column names are the hub's.
    private sealed class ArcItem
    {
        public string? question { get; set; }
        public ArcChoices? choices { get; set; }
        public string? answerKey { get; set; }
    }

    private sealed class ArcChoices
    {
        public List<string>? text { get; set; }
        public List<string>? label { get; set; }
    }
}
