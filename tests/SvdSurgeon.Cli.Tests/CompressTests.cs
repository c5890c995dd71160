using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Tests;

/// <summary>The contract of compress, eval, inspect, plan, generate and tokenize.</summary>
[TestFixture, Category("Slow")]
public sealed class CompressTests
{
    private static readonly string[] SmallRun =
    [
        "--calibration",
        Svdsurgeon.CalibrationText,
        "--seqlen",
        "128",
        "--sequences",
        "24",
        "--fisher-sequences",
        "24",
    ];

    [TestCase("tinytales-opt"), TestCase("tinytales-llama")]
    public void Compress_gives_one_object_with_the_promised_keys(string model)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(Svdsurgeon.Assets, model);
        var json = Svdsurgeon.Json([
            "compress",
            path,
            "--out",
            folder["out"],
            "--method",
            "whiten",
            "--surgeon",
            "update",
            "--ratio",
            "0.8",
            "0.5",
            .. SmallRun,
            "--eval-text",
            Svdsurgeon.EvaluationText,
            "--eval-windows",
            "8",
        ]);
        foreach (string key in (string[])["model", "method", "surgeon", "options", "parameters", "stages", "results"])
            Assert.That(json.ContainsKey(key), key);
        var results = json["results"]!.AsArray();
        Assert.That(results, Has.Count.EqualTo(2));
        foreach (var result in results)
        {
            foreach (
                string key in (string[])
                    [
                        "ratio",
                        "achieved_ratio",
                        "parameters_before",
                        "parameters_after",
                        "bytes",
                        "folder",
                        "ppl",
                        "mean_nll",
                        "log_se",
                        "windows",
                    ]
            )
                Assert.That(((JsonObject)result!).ContainsKey(key), key);
            Assert.That((double)result!["achieved_ratio"]!, Is.LessThanOrEqualTo((double)result["ratio"]!));
            var again = Svdsurgeon.Json(
                "eval",
                (string)result["folder"]!,
                "--text",
                Svdsurgeon.EvaluationText,
                "--seqlen",
                "128",
                "--windows",
                "8"
            );
            Assert.That((double)again["ppl"]!, Is.EqualTo((double)result["ppl"]!), "the folder on disk is what was measured");
            var inspected = Svdsurgeon.Json("inspect", (string)result["folder"]!);
            Assert.That((long)inspected["linear_parameters"]!, Is.EqualTo((long)result["parameters_after"]!));
        }
    }

    [Test]
    public void Warnings_are_in_the_object_and_on_standard_error()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["compress", Svdsurgeon.Opt, "--ratio", "0.6", "--work", folder["work"], .. SmallRun];
        var json = Svdsurgeon.Json([.. command, "--out", folder["raw"]]);
        Assert.That((string)json["warnings"]!.AsArray().Single()!, Does.Contain("--fisher tokens"));
        Assert.That(Svdsurgeon.Run([.. command, "--out", folder["text"]]).Error, Does.Contain("warning: --fisher sequences: 24 sequences"));
        Assert.That(
            Svdsurgeon.Json([.. command, "--out", folder["shrunk"], "--shrinkage", "ledoit-wolf"])["warnings"]!.AsArray(),
            Is.Empty
        );
    }

    [Test]
    public void A_second_ratio_reuses_statistics_and_factors()
    {
        using var folder = new TemporaryFolder();
        Svdsurgeon.Json(["compress", Svdsurgeon.Opt, "--out", folder["out"], "--ratio", "0.5", .. SmallRun]);
        var json = Svdsurgeon.Json(["compress", Svdsurgeon.Opt, "--out", folder["out"], "--ratio", "0.8", .. SmallRun]);
        var stages = json["stages"]!.AsArray().ToDictionary(stage => (string)stage!["name"]!, stage => (bool)stage!["reused"]!);
        Assert.That(stages["gram"] && stages["factor"] && stages["fisher"], string.Join(" ", stages));
    }

    [Test]
    public void Dense_output_is_the_same_model_under_the_original_names()
    {
        using var folder = new TemporaryFolder();
        string[] common =
        [
            "--method",
            "whiten",
            "--surgeon",
            "none",
            "--ratio",
            "0.5",
            "--dtype",
            "f32",
            .. SmallRun,
            "--eval-text",
            Svdsurgeon.EvaluationText,
            "--eval-windows",
            "8",
        ];
        var factored = Svdsurgeon.Json(["compress", Svdsurgeon.Llama, "--out", folder["factored"], .. common]);
        var dense = Svdsurgeon.Json(["compress", Svdsurgeon.Llama, "--out", folder["dense"], "--dense", .. common]);
        var modules = Svdsurgeon.Json("inspect", (string)dense["results"]![0]!["folder"]!)["modules"]!.AsArray();
        Assert.That(modules.All(m => m!["rank"] is null));
        Assert.That((double)dense["results"]![0]!["ppl"]!, Is.EqualTo((double)factored["results"]![0]!["ppl"]!).Within(1e-4).Percent);
    }

    [Test]
    public void One_and_two_threads_write_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        foreach (string threads in (string[])["1", "2"])
            Svdsurgeon.Json([
                "compress",
                Svdsurgeon.Llama,
                "--out",
                folder[threads],
                "--surgeon",
                "select",
                "--ratio",
                "0.6",
                "--threads",
                threads,
                .. SmallRun,
            ]);
        string one = Path.Combine(folder["1"], "ratio-0.6", "model.safetensors"),
            two = Path.Combine(folder["2"], "ratio-0.6", "model.safetensors");
        Assert.That(File.ReadAllBytes(two), Is.EqualTo(File.ReadAllBytes(one)));
    }

    [Test]
    public void A_dry_run_writes_nothing()
    {
        using var folder = new TemporaryFolder();
        var json = Svdsurgeon.Json(["compress", Svdsurgeon.Opt, "--out", folder["out"], "--ratio", "0.6", "--dry-run", .. SmallRun]);
        Assert.Multiple(() =>
        {
            Assert.That(json["plans"]![0]!["modules"]!.AsArray(), Has.Count.EqualTo(24));
            Assert.That(Directory.Exists(folder["out"]), Is.False);
        });
    }

    [Test]
    public void Plan_names_every_module_and_its_rank()
    {
        var plan = Svdsurgeon.Json("plan", Svdsurgeon.Llama, "--ratio", "0.6")["plans"]![0]!;
        var module = plan["modules"]!.AsArray().First(m => (string)m!["name"]! == "model.layers.0.mlp.up_proj")!;
        Assert.That((int)module["rank"]!, Is.EqualTo((int)(0.6 * 352 * 128 / (352 + 128))));
    }

    [TestCase("--allocate", "dp"), TestCase("--allocate", "fisher"), TestCase("--method", "auto")]
    public void Plan_says_where_ranks_come_from_when_it_cannot_know_them(string option, string value)
    {
        var plan = Svdsurgeon.Json("plan", Svdsurgeon.Llama, "--ratio", "0.6", option, value)["plans"]![0]!;
        Assert.Multiple(() =>
        {
            Assert.That(plan["modules"], Is.Null);
            Assert.That((long)plan["budget"]!, Is.EqualTo((long)(0.6 * (long)plan["parameters_before"]!)));
            Assert.That((string)plan["reason"]!, Does.Contain("compress finds them"));
        });
    }

    [Test]
    public void Generate_continues_a_prompt_the_same_way_each_time()
    {
        string[] command = ["generate", Svdsurgeon.Opt, "--prompt", "Once upon a time", "--tokens", "12"];
        var first = Svdsurgeon.Run(command);
        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero, first.Error);
            Assert.That(first.Output, Does.StartWith("Once upon a time").And.Length.GreaterThan(30));
            Assert.That(first.Error, Does.Contain("tokens/s"));
            Assert.That(Svdsurgeon.Run(command).Output, Is.EqualTo(first.Output));
        });
    }

    [Test]
    public void Generate_keeps_the_space_between_the_prompt_and_what_follows()
    {
        var result = Svdsurgeon.Run("generate", Svdsurgeon.Llama, "--prompt", "One day", "--tokens", "4");
        Assert.That(result.Output, Does.Match("^One day [a-z]|^One day[,.;]"));
    }

    [Test]
    public void Tokenize_and_decode_are_inverse()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["lines.jsonl"], "\"Once upon a time, there was a fox.\"\n\"two  spaces\\n\"\n");
        var ids = Svdsurgeon.Run("tokenize", Svdsurgeon.Opt, "--json-lines", folder["lines.jsonl"], "--no-special");
        File.WriteAllText(folder["ids.jsonl"], ids.Output);
        var texts = Svdsurgeon.Run("tokenize", Svdsurgeon.Opt, "--json-lines", folder["ids.jsonl"], "--decode");
        Assert.That(texts.Output, Is.EqualTo(File.ReadAllText(folder["lines.jsonl"])), texts.Error);
    }

    [Test]
    public void Devices_names_the_cpu()
    {
        Assert.That(Svdsurgeon.Run("devices").Output, Does.Contain("cpu"));
    }
}
