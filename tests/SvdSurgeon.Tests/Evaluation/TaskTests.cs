using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Tasks;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Tests.Models;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Evaluation;

public sealed class TaskTests
{
    private static string Llama => Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-llama");

    // What Python 3.11 says.
    [TestCase("a man from the NEXT house", "A man from the next house")]
    [TestCase("ΟΔΟΣ ΟΔΟΣ.", "Οδος οδος.")]
    [TestCase("aΣ'b Σ", "Aσ'b σ")]
    [TestCase("xİ", "Xi\u0307")]
    [TestCase("ßX", "Ssx")]
    [TestCase("ǆX", "ǅx")]
    [TestCase("ﬁN", "Fin")]
    [TestCase("ᾳΑ", "ᾼα")]
    [TestCase("აბ", "აბ")]
    [TestCase("", "")]
    public void Capitalize_is_Pythons(string text, string expected) => Assert.That(PythonText.Capitalize(text), Is.EqualTo(expected));

    [Test]
    public void Lengths_are_code_points_and_spaces_are_Pythons()
    {
        Assert.That(PythonText.Length("aé😀"), Is.EqualTo(3));
        Assert.That(PythonText.TrimEnd("a \u00A0\x1F\n\t"), Is.EqualTo("a"));
        Assert.That(PythonText.Trim("\u2003a\u200B"), Is.EqualTo("a\u200B"), "U+200B is no white space");
    }

    [TestCase("{", "line 1 is not valid JSON")]
    [TestCase("{}\n[1]", "line 2 is no JSON object")]
    [TestCase("{\"goal\": \"\\ud800\"}", "line 1 is not valid JSON")]
    [TestCase("{\"goal\": \"g\", \"goal\": \"h\"}", "line 1 is not valid JSON")]
    [TestCase("\n\n", "there is no item in it")]
    [TestCase("{\"goal\": \"g\", \"sol1\": \"a\", \"label\": 0}", "line 1: the field 'sol2' is missing")]
    [TestCase("{\"goal\": 1, \"sol1\": \"a\", \"sol2\": \"b\", \"label\": 0}", "'goal' is 1, no text")]
    [TestCase("{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": 2}", "'label' is 2, but the 2 choices are numbered 0 to 1")]
    [TestCase("{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": -1}", "'label' is -1")]
    [TestCase("{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": \"\"}", "'label' is \"\", no whole number")]
    public void A_damaged_file_is_one_sentence_that_names_the_place(string lines, string expected)
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "piqa.jsonl");
        File.WriteAllText(file, lines);
        var error = Assert.Throws<InvalidInputException>(() => TaskSet.Read(TaskLayouts.Named("piqa")!, TaskLines.Read(file), null, []));
        Assert.That(error!.Message, Does.StartWith(file).And.Contain(expected));
    }

    [TestCase(
        "arc_easy",
        "{\"question\": \"q\", \"choices\": {\"text\": [\"a\", \"b\"], \"label\": [\"A\", \"B\"]}, \"answerKey\": \"C\"}",
        "'answerKey' is 'C', but the choices are called A, B"
    )]
    [TestCase("winogrande", "{\"sentence\": \"no gap\", \"option1\": \"a\", \"option2\": \"b\", \"answer\": \"1\"}", "no gap")]
    [TestCase("winogrande", "{\"sentence\": \"a _ b\", \"option1\": \"a\", \"option2\": \"b\", \"answer\": \"3\"}", "numbered 1 to 2")]
    [TestCase(
        "mmlu",
        "{\"question\": \"q\", \"subject\": \"s\", \"choices\": [\"a\"], \"answer\": 0}",
        "'choices' has 1 entries, mmlu has 4"
    )]
    [TestCase("mathqa", "{\"Problem\": \"q\", \"options\": \"none\", \"correct\": \"a\"}", "no choice of the form")]
    [TestCase("mathqa", "{\"Problem\": \"q\", \"options\": \"a ) 3 , e ) 4\", \"correct\": \"f\"}", "'correct' is 'f'")]
    [TestCase("generic", "{\"context\": \"q\", \"choices\": [], \"answer\": 0}", "'choices' is no list of texts, or an empty one")]
    [TestCase("boolq", "{\"passage\": \"p\", \"question\": \"q\"}", "the field 'label' is missing")]
    public void An_answer_out_of_range_is_refused(string task, string line, string expected)
    {
        var row = new TaskRow((JsonObject)JsonNode.Parse(line)!, "f: line 1");
        Assert.That(
            Assert.Throws<InvalidInputException>(() => TaskLayouts.Named(task)!.Read(row))!.Message,
            Does.StartWith("f: line 1").And.Contain(expected)
        );
    }

    [TestCase("set/ARC-Challenge.test.jsonl", "{}", "arc_challenge")]
    [TestCase("dev.jsonl", "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": 0}", "piqa")]
    [TestCase("dev.jsonl", "{\"text\": \"t\"}", "lambada_openai")]
    [TestCase("dev.jsonl", "{\"context\": \"c\", \"choices\": [\"a\"], \"answer\": 0, \"text\": \"\"}", "generic")]
    public void A_file_without_a_name_is_recognised(string file, string line, string expected) =>
        Assert.That(TaskLayouts.Guess(file, new TaskRow((JsonObject)JsonNode.Parse(line)!, file)).Name, Is.EqualTo(expected));

    [Test]
    public void A_file_that_may_be_two_tasks_is_not_guessed()
    {
        var arc = new TaskRow((JsonObject)JsonNode.Parse("{\"question\": \"q\", \"choices\": {}, \"answerKey\": \"A\"}")!, "f");
        Assert.That(
            Assert.Throws<InvalidInputException>(() => TaskLayouts.Guess("dev.jsonl", arc))!.Message,
            Does.Contain("arc_easy and arc_challenge")
        );
        var other = new TaskRow((JsonObject)JsonNode.Parse("{\"a\": 1}")!, "f");
        Assert.That(
            Assert.Throws<InvalidInputException>(() => TaskLayouts.Guess("dev.jsonl", other))!.Message,
            Does.Contain("--task NAME=dev.jsonl")
        );
    }

    [TestCase("opt"), TestCase("opt-postnorm-projected"), TestCase("llama-gqa-tied"), TestCase("mistral-window"), TestCase("qwen3")]
    public void Branches_over_a_cache_equal_whole_sequences(string name)
    {
        using var golden = new GoldenModel(name);
        using var backend = new CpuBackend(2);
        var model = golden.Model;
        int[] ids = golden.Ids[..24];
        using var decoder = new CachedDecoder(model, backend, 12);
        decoder.Advance(ids.AsSpan(0, 7)).Dispose();
        decoder.Advance(ids.AsSpan(7, 5)).Dispose();
        decoder.Rewind(7);
        using var branched = decoder.Branch([.. ids[12..17], .. ids[17..22]], 2);
        for (int branch = 0; branch < 2; branch++)
        {
            using var whole = backend.Allocate(12, model.Config.HiddenSize);
            model.Embed(backend, [.. ids[..7], .. ids[(12 + 5 * branch)..(17 + 5 * branch)]], 1, whole);
            foreach (var layer in model.Layers)
                layer.Forward(backend, whole, new LayerContext(1, 12));
            float[] expected = new float[5 * model.Config.HiddenSize],
                actual = new float[expected.Length];
            backend.Download(whole.RowRange(7, 5), expected);
            backend.Download(branched.RowRange(5 * branch, 5), actual);
            Assert.That(actual, Is.EqualTo(expected).Within(1e-5f), $"branch {branch}");
        }
    }

    [Test]
    public void A_run_that_was_stopped_goes_on_to_the_same_bytes_with_any_number_of_threads()
    {
        using var folder = new TemporaryFolder();
        string whole = Path.Combine(folder.Path, "whole.jsonl"),
            resumed = Path.Combine(folder.Path, "resumed.jsonl");
        var task = Golden("arc_easy", 2);
        Run(task, whole, "key", 2, stopAfter: null);
        Assert.Throws<OperationCanceledException>(() => Run(task, resumed, "key", 1, stopAfter: 3));
        Assert.That(File.Exists(resumed), Is.False);
        File.AppendAllText(resumed + ItemJournal.Suffix, "{\"task\": \"arc_e"); // a kill may cut the last line
        Assert.That(Run(task, resumed, "key", 1, stopAfter: null), Is.EqualTo(3), "items that were left to do");
        Assert.That(File.ReadAllText(resumed), Is.EqualTo(File.ReadAllText(whole)));
        Assert.That(File.Exists(resumed + ItemJournal.Suffix), Is.False);
    }

    [Test]
    public void A_journal_of_other_tasks_is_not_used()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "items.jsonl");
        Assert.Throws<OperationCanceledException>(() => Run(Golden("piqa", 0), file, "one", 1, stopAfter: 3));
        Assert.That(Run(Golden("piqa", 0), file, "other", 1, stopAfter: null), Is.EqualTo(6));
    }

    [Test]
    public void A_choice_that_cannot_be_read_whole_is_refused()
    {
        var tokenizer = Tokenizer.Open(Llama);
        var encoder = new ContinuationEncoder(tokenizer, 4);
        Assert.That(encoder.Encode("a b c d e f", " g", "item 1").Input.Length, Is.EqualTo(4));
        Assert.That(
            Assert.Throws<InvalidInputException>(() => encoder.Encode("a", " some words that are long", "piqa, item 1"))!.Message,
            Does.StartWith("piqa, item 1").And.Contain("the 4 that the model reads")
        );
    }

    [Test]
    public void Of_equal_choices_the_first_wins_and_an_empty_one_never_does_per_character()
    {
        var item = new ItemResult
        {
            Index = 0,
            Gold = 0,
            LogLikelihoods = [-2, -1, -1],
            Greedy = [false, false, false],
            Lengths = [1, 0, 4],
            ContextTokens = [1, 1, 1],
            ContinuationTokens = [1, 1, 1],
            Dropped = [0, 0, 0],
        };
        Assert.That((item.Predicted, item.PredictedNormalized), Is.EqualTo((1, 2)));
    }

    private static TaskSet Golden(string task, int shots) =>
        TaskSet.Read(
            TaskLayouts.Named(task)!,
            TaskLines.Read(GoldenFiles.Copied("tasks", $"{task}.jsonl")),
            null,
            shots == 0 ? [] : [.. TaskLines.Read(GoldenFiles.Copied("tasks", "fewshot", $"{task}.jsonl")).Take(shots)]
        );

    // Returns the number of items that were computed.
    private static int Run(TaskSet task, string file, string key, int threads, int? stopAfter)
    {
        using var checkpoint = Checkpoint.Open(Llama);
        using var backend = new CpuBackend(threads);
        using var stop = new CancellationTokenSource();
        using var journal = new ItemJournal(file, key);
        int known = journal.Known(task.Name, task.Count).Count();
        var result = TaskEvaluation.Evaluate(
            DecoderModel.Load(checkpoint),
            backend,
            Tokenizer.Open(Llama),
            task,
            null,
            journal,
            done =>
            {
                if (done == stopAfter)
                    stop.Cancel();
            },
            stop.Token
        );
        journal.Finish([result]);
        return task.Count - known;
    }
}
