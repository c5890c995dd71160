namespace SvdSurgeon.Cli.Tests;

/// <summary>The contract of compress --bits and of compress --target-size with nothing else said.</summary>
[TestFixture, Category("Slow")]
public sealed class BitsTests
{
    private static readonly string[] Data =
    [
        "--calibration",
        Svdsurgeon.CalibrationText,
        "--seqlen",
        "128",
        "--sequences",
        "16",
        "--eval-text",
        Svdsurgeon.EvaluationText,
        "--eval-windows",
        "4",
    ];

    [Test]
    public void Bits_give_one_object_with_bits_bytes_and_ppl_and_a_folder_that_eval_reads()
    {
        using var folder = new TemporaryFolder();
        var json = Svdsurgeon.Json([
            "compress",
            Svdsurgeon.Llama,
            "--out",
            folder["out"],
            "--bits",
            "4.5",
            "3.5",
            "--effort",
            "1",
            .. Data,
        ]);
        var results = json["results"]!.AsArray();
        Assert.That(results, Has.Count.EqualTo(2));
        foreach (var (result, bits) in results.Zip([4.5, 3.5]))
        {
            Assert.That((double)result!["bits"]!, Is.LessThanOrEqualTo(bits).And.GreaterThan(bits - 0.05));
            string path = (string)result["folder"]!;
            Assert.That((long)result["bytes"]!, Is.EqualTo(new FileInfo(Path.Combine(path, "model.safetensors")).Length));
            var again = Svdsurgeon.Json("eval", path, "--text", Svdsurgeon.EvaluationText, "--seqlen", "128", "--windows", "4");
            Assert.That((double)again["ppl"]!, Is.EqualTo((double)result["ppl"]!).Within(1e-9));
        }
        Assert.That((double)results[1]!["ppl"]!, Is.GreaterThan((double)json["dense_ppl"]!));
    }

    [Test]
    public void A_size_alone_gives_integers_that_fit()
    {
        using var folder = new TemporaryFolder();
        var json = Svdsurgeon.Json([
            "compress",
            Svdsurgeon.Opt,
            "--out",
            folder["out"],
            "--target-size",
            "700KB",
            "--effort",
            "1",
            .. Data,
        ]);
        Assert.That((string?)json["method"], Is.EqualTo("bits"));
        Assert.That((long)json["results"]![0]!["bytes"]!, Is.LessThanOrEqualTo(700_000));
    }

    [TestCase("--bits", "4", "--ratio", "0.5", ExpectedResult = "--bits")]
    [TestCase("--bits", "4", "--rounding", "up", ExpectedResult = "--rounding")]
    [TestCase("--ratio", "0.5", "--effort", "2", ExpectedResult = "--effort")]
    [TestCase("--bits", "17", ExpectedResult = "--bits")]
    [TestCase("--bits", "1", ExpectedResult = "--bits")]
    public string Options_that_do_not_go_together_are_refused_by_name(params string[] options)
    {
        using var folder = new TemporaryFolder();
        var result = Svdsurgeon.Run(["compress", Svdsurgeon.Opt, "--out", folder["out"], .. options, .. Data]);
        Assert.That(result.ExitCode, Is.EqualTo(2));
        return result.Error.Split(' ', ':').First(word => word.StartsWith("--", StringComparison.Ordinal));
    }

    [TestCase("--target-size", "1KB")]
    [TestCase("--bits", "2", "--equal-bits")]
    public void A_size_that_no_bits_reach_is_refused_before_anything_is_computed(params string[] size)
    {
        using var folder = new TemporaryFolder();
        var result = Svdsurgeon.Run(["compress", Svdsurgeon.Opt, "--out", folder["out"], .. size, .. Data]);
        Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
        Assert.That(result.Error, Does.Contain(size[0]));
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void A_recipe_repeats_the_run_to_the_byte_and_plan_and_report_show_the_sizes()
    {
        using var folder = new TemporaryFolder();
        string work = folder["work"];
        Svdsurgeon.Json(["compress", Svdsurgeon.Llama, "--out", folder["out"], "--bits", "3.0", "--effort", "2", "--work", work, .. Data]);
        Svdsurgeon.Json(["compress", Svdsurgeon.Llama, "--out", folder["out"], "--bits", "4.5", "--effort", "2", "--work", work, .. Data]);
        string recipe = Path.Combine(folder["out"], "recipe.json");
        Svdsurgeon.Json("run", recipe, "--out", folder["again"], "--threads", "2");
        foreach (string result in (string[])["bits-3.0", "bits-4.5"])
            FolderBytes.AssertEqual(Path.Combine(folder["again"], result), Path.Combine(folder["out"], result));
        var one = Svdsurgeon.Json("run", Path.Combine(folder["out"], "bits-3.0", "recipe.json"), "--out", folder["one"], "--work", work);
        Assert.That(one["results"]!.AsArray(), Has.Count.EqualTo(1));

        var plan = Svdsurgeon.Json("plan", Svdsurgeon.Llama, "--bits", "3.0", "--work", work);
        Assert.That((long)plan["plans"]![0]!["bytes"]!, Is.EqualTo((long)one["results"]![0]!["bytes"]!));
        Assert.That((double)plan["plans"]![0]!["predicted_loss"]!, Is.EqualTo((double)one["results"]![0]!["predicted_loss"]!));
        double[] losses = [.. plan["curve"]!.AsArray().Select(point => (double)point!["predicted_loss"]!)];
        Assert.That(losses, Is.Ordered.Descending);

        Svdsurgeon.Run("report", folder["out"]);
        string page = File.ReadAllText(Path.Combine(folder["out"], "report.html"));
        Assert.That(page, Does.Contain("out/bits-3.0").And.Contain("out/bits-4.5").And.Contain("<svg class=\"chart\""));
    }

    [Test]
    public void A_perplexity_target_gives_the_fewest_bits_that_meet_it()
    {
        using var folder = new TemporaryFolder();
        var json = Svdsurgeon.Json([
            "compress",
            Svdsurgeon.Opt,
            "--out",
            folder["out"],
            "--target-ppl-increase",
            "1%",
            "--effort",
            "1",
            .. Data,
        ]);
        var result = json["results"]![0]!;
        double limit = (double)json["dense_ppl"]! * 1.01;
        Assert.That((double)result["ppl"]!, Is.LessThanOrEqualTo(limit));
        string fewer = (Math.Round((double)result["bits"]! * 10) / 10 - 0.1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var less = Svdsurgeon.Json([
            "compress",
            Svdsurgeon.Opt,
            "--out",
            folder["less"],
            "--bits",
            fewer,
            "--effort",
            "1",
            "--work",
            Path.Combine(folder["out"], "work"),
            .. Data,
        ]);
        Assert.That((double)less["results"]![0]!["ppl"]!, Is.GreaterThan(limit));
    }
}
