using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Tests;

/// <summary>
/// What there is to know of an input is said on standard error, in the JSON output and in the report; nothing non-finite is a defect.
/// </summary>
[TestFixture]
public sealed class InputWarningTests
{
    [Test]
    public void Warnings_land_on_standard_error_in_the_JSON_output_and_in_the_report()
    {
        using var folder = new TemporaryFolder();
        string copy = folder.CopyOf(Svdsurgeon.Llama, "model"),
            config = Path.Combine(copy, "config.json"),
            text = folder["data.txt"];
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(config))!;
        json["logits_scaling"] = 8;
        File.WriteAllText(config, json.ToJsonString());
        File.WriteAllText(
            text,
            string.Concat(
                Enumerable.Range(0, 60).Select(i => new JsonObject { ["text"] = $"One day {i} a fox saw the moon." }.ToJsonString() + "\n")
            )
        );

        string items = folder["piqa.jsonl"];
        File.WriteAllText(items, """{"goal": "To see,", "sol1": "light a lamp.", "sol2": "wait.", "label": 0}""");
        string[] expected = ["'logits_scaling' is unknown", "read as JSON lines"];
        foreach (string verb in (string[])["eval", "plan", "inspect", "bench", "compare", "tasks", "export"])
        {
            string[] options = verb switch
            {
                "eval" => ["--text", text, "--seqlen", "32"],
                "plan" => ["--ratio", "0.5"],
                "bench" => ["--prompt", "4", "--generate", "0", "--repeats", "1", "--threads", "1"],
                "compare" => [Svdsurgeon.Llama, "--text", text, "--seqlen", "32"],
                "tasks" => ["--task", $"piqa={items}"],
                "export" => ["--format", "hf", "--type", "f16", "--out", folder["exported"]],
                _ => [],
            };
            var result = Svdsurgeon.Run([verb, copy, .. options, "--json"]);
            Assert.That(result.ExitCode, Is.Zero, result.Error);
            var printed = JsonNode.Parse(result.Output)!;
            string warnings = (printed is JsonArray rows ? rows[0]! : printed)["warnings"]!.ToJsonString();
            foreach (string sentence in verb == "eval" ? expected : expected[..1])
            {
                Assert.That(result.Error, Does.Contain("warning: ").And.Contain(sentence));
                Assert.That(warnings.Replace("\\u0027", "'"), Does.Contain(sentence));
            }
        }
        var compressed = Svdsurgeon.Json(
            "compress",
            copy,
            "--out",
            folder["out"],
            "--ratio",
            "0.5",
            "--method",
            "svd",
            "--surgeon",
            "none",
            "--calibration",
            text,
            "--seqlen",
            "32",
            "--sequences",
            "4"
        );
        Assert.That(
            compressed["warnings"]!.AsArray().Select(w => (string)w!),
            Has.Some.Contains(expected[0]).And.Some.Contains(expected[1])
        );
        Assert.That(Svdsurgeon.Run("report", folder["out"]).ExitCode, Is.Zero);
        Assert.That(
            System.Net.WebUtility.HtmlDecode(File.ReadAllText(Path.Combine(folder["out"], "report.html"))),
            Does.Contain(expected[0]).And.Contain(expected[1])
        );
    }

    [Test]
    public void Output_through_a_pipe_is_not_wrapped_and_heeds_COLUMNS()
    {
        string[] modules =
        [
            .. Svdsurgeon
                .Run("inspect", Svdsurgeon.Llama, "--modules")
                .Output.Split('\n')
                .Where(line => line.Contains("q_proj", StringComparison.Ordinal)),
        ];
        Assert.That(modules, Has.Length.EqualTo(4).And.All.Contains("self_attn.q_proj "));
        using var narrow = Svdsurgeon.Start(
            new Dictionary<string, string> { ["COLUMNS"] = "60" },
            "inspect",
            Svdsurgeon.Llama,
            "--modules"
        );
        Assert.That(Svdsurgeon.Finish(narrow).Output.Split('\n'), Has.All.Length.LessThanOrEqualTo(60));
    }
}
