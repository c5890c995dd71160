namespace SvdSurgeon.Cli.Tests;

/// <summary>
/// The contract of export and of compress --format: sizes and commands are said, what cannot be is refused before any work.
/// </summary>
[TestFixture]
public sealed class ExportTests
{
    [Test]
    public void Export_says_files_sizes_and_the_command_that_runs_them()
    {
        using var folder = new TemporaryFolder();
        var result = Svdsurgeon.Json("export", Svdsurgeon.Llama, "--format", "gguf", "--type", "q8_0", "--out", folder["model.gguf"]);
        Assert.That((long)result["bytes"]!, Is.EqualTo(new FileInfo(folder["model.gguf"]).Length));
        Assert.That((string)result["command"]!, Does.Contain(folder["model.gguf"]));
    }

    [Test]
    public void Compress_writes_every_result_in_the_format_too()
    {
        using var folder = new TemporaryFolder();
        string[] data = ["--calibration", Svdsurgeon.CalibrationText, "--seqlen", "64", "--sequences", "8"];
        string[] method = ["--method", "whiten", "--surgeon", "none", "--ratio", "0.8", "0.6"];
        var result = Svdsurgeon.Json([
            "compress",
            Svdsurgeon.Llama,
            "--out",
            folder["out"],
            .. method,
            .. data,
            "--format",
            "gguf",
            "--type",
            "q4_0",
        ]);
        Assert.That(result["exports"]!.AsArray(), Has.Count.EqualTo(2));
        Assert.That(File.Exists(Path.Combine(folder["out"], "ratio-0.6.gguf")), Is.True);
    }

    [Test]
    public void What_has_no_place_in_the_format_is_refused_before_any_work()
    {
        using var folder = new TemporaryFolder();
        string[] data = ["--calibration", Svdsurgeon.CalibrationText, "--seqlen", "64", "--sequences", "8"];
        var compress = Svdsurgeon.Run(["compress", Svdsurgeon.Opt, "--out", folder["out"], "--ratio", "0.8", .. data, "--format", "gguf"]);
        Assert.That(compress.ExitCode, Is.EqualTo(2));
        Assert.That(compress.Error, Does.Contain("llama.cpp has no architecture for opt").And.Contain("--format onnx"));
        var adapter = Svdsurgeon.Run("export", Svdsurgeon.Llama, "--format", "gguf", "--adapter", "--out", folder["pair"]);
        Assert.That(adapter.ExitCode, Is.EqualTo(2));
        Assert.That(adapter.Error, Does.Contain("no module").And.Contain("has factors"));
        var alone = Svdsurgeon.Run(["compress", Svdsurgeon.Llama, "--out", folder["out"], "--ratio", "0.8", .. data, "--type", "q8_0"]);
        Assert.That(alone.Error, Does.Contain("belong to --format"));
        Assert.That(Directory.Exists(folder["out"]) || Directory.Exists(folder["pair"]), Is.False);
    }
}
