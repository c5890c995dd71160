using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Tests;

/// <summary>The contract of run: a recipe repeats its run to the same bytes, or is refused with a reason.</summary>
[TestFixture, Category("Slow")]
public sealed class RunTests
{
    [TestCase("--ratio", "0.6", "0.4", "--method", "whiten", "--surgeon", "select")]
    [TestCase("--ratio", "0.4", "--method", "kfac", "--surgeon", "none", "--allocate", "spectrum", "--storage", "pivoted")]
    [TestCase("--ratio", "0.4", "--method", "auto")]
    public void Run_repeats_a_recipe_to_the_same_bytes_with_one_and_two_threads(params string[] options)
    {
        using var folder = new TemporaryFolder();
        Svdsurgeon.Json([
            "compress",
            Svdsurgeon.Opt,
            "--out",
            folder["made"],
            "--threads",
            "2",
            .. options,
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "64",
            "--sequences",
            "8",
            "--fisher-sequences",
            "8",
            "--seed",
            "5",
            "--eval-text",
            Svdsurgeon.EvaluationText,
            "--eval-windows",
            "4",
        ]);
        var expected = ResultFiles(folder["made"]);
        Assert.That(
            expected.Keys,
            Does.Contain("recipe.json").And.Contain("ratio-0.4/recipe.json").And.Contain("ratio-0.4/model.safetensors")
        );
        Svdsurgeon.Json("run", Path.Combine(folder["made"], "recipe.json"), "--out", folder["again"], "--threads", "1");
        AssertSame(ResultFiles(folder["again"]), expected);
        // The recipe beside one of several results repeats that one alone.
        if (!expected.ContainsKey("ratio-0.6/recipe.json"))
            return;
        Svdsurgeon.Json("run", Path.Combine(folder["made"], "ratio-0.4", "recipe.json"), "--out", folder["one ratio"]);
        AssertSame(ResultFiles(Path.Combine(folder["one ratio"], "ratio-0.4")), ResultFiles(Path.Combine(folder["made"], "ratio-0.4")));
    }

    [Test]
    public void Relative_paths_are_found_beside_the_recipe()
    {
        using var folder = new TemporaryFolder();
        Directory.Move(folder.CopyOf(Svdsurgeon.Opt, "copy"), folder["the-model"]);
        File.Copy(Svdsurgeon.CalibrationText, folder["text.txt"]);
        string recipe = folder["my.json"];
        File.WriteAllText(
            recipe,
            """
            { "model": { "path": "the-model" }, "calibration": { "texts": [{ "path": "text.txt" }], "seqlen": 64 }, "ratios": [0.5],
              "options": { "method": "svd", "surgeon": "none", "sequences": 4 } }
            """
        );
        var result = Svdsurgeon.Json("run", recipe, "--out", folder["out"]);
        Assert.That(result["results"]!.AsArray(), Has.Count.EqualTo(1));
        var written = JsonNode.Parse(File.ReadAllText(Path.Combine(folder["out"], "recipe.json")))!;
        Assert.Multiple(() =>
        {
            Assert.That((string?)written["model"]!["path"], Is.EqualTo("the-model"), "paths stay as they were given");
            Assert.That((string?)written["model"]!["hash"], Has.Length.EqualTo(64));
            Assert.That((string?)written["calibration"]!["texts"]![0]!["hash"], Has.Length.EqualTo(64));
        });
    }

    [Test]
    public void Another_model_or_text_than_the_recipe_means_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Svdsurgeon.CalibrationText, folder["text.txt"]);
        string[] command =
        [
            "--ratio",
            "0.5",
            "--method",
            "svd",
            "--surgeon",
            "none",
            "--sequences",
            "4",
            "--seqlen",
            "64",
            "--calibration",
            folder["text.txt"],
        ];
        Svdsurgeon.Json(["compress", Svdsurgeon.Opt, "--out", folder["made"], .. command]);
        string recipe = Path.Combine(folder["made"], "recipe.json");
        // The other model has another tokenizer, so that only a copy with other weights comes as far as the model's hash.
        string copy = folder.CopyOf(Svdsurgeon.Opt, "changed");
        File.WriteAllText(
            Path.Combine(copy, "config.json"),
            File.ReadAllText(Path.Combine(copy, "config.json")).Replace("{", "{ \"_name_or_path\": \"other\",", StringComparison.Ordinal)
        );
        AssertRefused(Svdsurgeon.Run("run", recipe, "--model", copy, "--out", folder["out"]), "changed");
        AssertRefused(Svdsurgeon.Run("run", recipe, "--model", Svdsurgeon.Llama, "--out", folder["out"]), "tokenizer");
        File.AppendAllText(folder["text.txt"], "one more sentence");
        AssertRefused(Svdsurgeon.Run("run", recipe, "--out", folder["out"]), "text.txt");
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void A_recipe_with_an_unknown_key_is_refused_with_the_nearest_one()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["my.json"], """{ "model": { "path": "m" }, "calibration": { }, "ratio": [0.5] }""");
        AssertRefused(Svdsurgeon.Run("run", folder["my.json"], "--out", folder["out"]), "'ratios'");
        AssertRefused(Svdsurgeon.Run("run", folder["none.json"], "--out", folder["out"]), "none.json");
    }

    [Test]
    public void Report_writes_one_page_of_several_output_folders_and_says_where()
    {
        using var folder = new TemporaryFolder();
        string[] common =
        [
            "--ratio",
            "0.5",
            "--surgeon",
            "none",
            "--sequences",
            "4",
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "64",
        ];
        foreach (string method in (string[])["svd", "whiten"])
            Svdsurgeon.Json(["compress", Svdsurgeon.Opt, "--out", folder[method], "--method", method, .. common]);
        var result = Svdsurgeon.Run("report", folder["svd"], folder["whiten"], "--html", folder["page.html"]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Output.Trim(), Is.EqualTo(folder["page.html"]));
        string page = File.ReadAllText(folder["page.html"]);
        Assert.That(
            Svdsurgeon.Run("report", folder.Path).Output.Trim(),
            Is.EqualTo(Path.Combine(folder.Path, "report.html")),
            "a folder of output folders"
        );
        foreach (string mention in (string[])["svd/ratio-0.5", "whiten/ratio-0.5", "model.decoder.layers.3.fc2", "not evaluated"])
            Assert.That(page, Does.Contain(mention));
        AssertRefused(Svdsurgeon.Run("report", folder["nothing"]), "nothing");
    }

    // All that a run writes but what it measures of itself: times, memory, and the artifacts.
    private static SortedDictionary<string, byte[]> ResultFiles(string folder)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder, file).Replace('\\', '/');
            if (!name.StartsWith("work/", StringComparison.Ordinal) && name != "runs.json")
                files[name] = File.ReadAllBytes(file);
        }
        return files;
    }

    private static void AssertSame(SortedDictionary<string, byte[]> files, SortedDictionary<string, byte[]> expected)
    {
        Assert.That(files.Keys, Is.EqualTo(expected.Keys));
        foreach (var (name, bytes) in expected)
            Assert.That(files[name].AsSpan().SequenceEqual(bytes), name);
    }

    private static void AssertRefused(ProcessResult result, string mention) =>
        Assert.Multiple(() =>
        {
            Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
            Assert.That(result.Error.TrimEnd().Split('\n'), Has.Length.EqualTo(1), result.Error);
            Assert.That(result.Error, Does.Contain(mention));
        });
}
