namespace SvdSurgeon.Cli.Tests;

/// <summary>Bad input: exit code 2, one sentence that names the file, tensor or option and the way out, nothing written.</summary>
[TestFixture]
public sealed class BadInputTests
{
    [Test]
    public void A_missing_file_is_named()
    {
        var result = Svdsurgeon.Run("inspect", "no/such/model");
        AssertRefused(result, "no/such/model");
    }

    [Test]
    public void A_folder_without_config_is_refused()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(Svdsurgeon.Run("inspect", folder.Path), "config.json");
    }

    [Test]
    public void A_truncated_safetensors_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        string copy = folder.CopyOf(Svdsurgeon.Opt, "model"),
            weights = Path.Combine(copy, "model.safetensors");
        using (var stream = File.OpenWrite(weights))
            stream.SetLength(stream.Length / 2);
        AssertRefused(Svdsurgeon.Run("eval", copy, "--text", Svdsurgeon.EvaluationText, "--seqlen", "64"), "model.safetensors");
    }

    [Test]
    public void An_unsupported_architecture_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        string copy = folder.CopyOf(Svdsurgeon.Opt, "model"),
            config = Path.Combine(copy, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"opt\"", "\"bloom\"").Replace("OPTForCausalLM", "BloomForCausalLM"));
        AssertRefused(Svdsurgeon.Run("inspect", copy), "bloom");
    }

    [TestCase("1.5"), TestCase("0"), TestCase("-1"), TestCase("NaN")]
    public void A_ratio_outside_0_to_1_is_refused(string ratio)
    {
        using var folder = new TemporaryFolder();
        var result = Svdsurgeon.Run(
            "compress",
            Svdsurgeon.Opt,
            "--out",
            folder["out"],
            "--ratio",
            ratio,
            "--calibration",
            Svdsurgeon.CalibrationText
        );
        AssertRefused(result, "--ratio");
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void A_value_that_an_option_does_not_know_is_refused_with_those_it_knows()
    {
        AssertRefused(Svdsurgeon.Run("plan", Svdsurgeon.Opt, "--ratio", "0.5", "--shrinkage", "some"), "none, ledoit-wolf");
    }

    [Test]
    public void A_target_needs_what_it_is_measured_on_and_no_ratio_beside_it()
    {
        using var folder = new TemporaryFolder();
        string[] command =
        [
            "compress",
            Svdsurgeon.Opt,
            "--out",
            folder["out"],
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "64",
            "--sequences",
            "4",
            "--surgeon",
            "none",
        ];
        AssertRefused(Svdsurgeon.Run([.. command, "--target-ppl-increase", "5%"]), "--eval-text");
        AssertRefused(Svdsurgeon.Run([.. command, "--target-size", "1MB", "--ratio", "0.5"]), "--ratio");
        AssertRefused(Svdsurgeon.Run([.. command, "--target-size", "1MB", "--dry-run"]), "--dry-run");
        AssertRefused(Svdsurgeon.Run(command), "--ratio");
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void Evaluation_data_that_cannot_be_read_is_refused_before_anything_is_computed()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(
            Svdsurgeon.Run(
                "compress",
                Svdsurgeon.Opt,
                "--out",
                folder["out"],
                "--ratio",
                "0.5",
                "--calibration",
                Svdsurgeon.CalibrationText,
                "--seqlen",
                "64",
                "--eval-text",
                folder["absent.txt"]
            ),
            "absent.txt"
        );
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void A_calibration_text_that_is_too_short_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["short.txt"], "Once upon a time.");
        AssertRefused(
            Svdsurgeon.Run(
                "compress",
                Svdsurgeon.Opt,
                "--out",
                folder["out"],
                "--ratio",
                "0.5",
                "--calibration",
                folder["short.txt"],
                "--seqlen",
                "64"
            ),
            "too short"
        );
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void A_sequence_longer_than_the_positions_is_refused()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(
            Svdsurgeon.Run(
                "compress",
                Svdsurgeon.Opt,
                "--out",
                folder["out"],
                "--ratio",
                "0.5",
                "--calibration",
                Svdsurgeon.CalibrationText,
                "--seqlen",
                "4096"
            ),
            "512 positions"
        );
        AssertRefused(Svdsurgeon.Run("eval", Svdsurgeon.Opt, "--text", Svdsurgeon.EvaluationText, "--seqlen", "4096"), "512 positions");
    }

    [Test]
    public void An_output_folder_with_other_files_is_refused_and_left_alone()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["precious.txt"], "mine");
        AssertRefused(
            Svdsurgeon.Run(
                "compress",
                Svdsurgeon.Opt,
                "--out",
                folder.Path,
                "--ratio",
                "0.5",
                "--method",
                "svd",
                "--surgeon",
                "none",
                "--calibration",
                Svdsurgeon.CalibrationText,
                "--seqlen",
                "64",
                "--sequences",
                "4"
            ),
            "not empty"
        );
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_weight_that_is_not_a_number_is_refused_with_its_tensor()
    {
        using var folder = new TemporaryFolder();
        string copy = folder.CopyOf(Svdsurgeon.Opt, "model"),
            weights = Path.Combine(copy, "model.safetensors");
        const string tensor = "model.decoder.layers.1.fc1.weight";
        DamageFirstNumber(weights, tensor);
        var result = Svdsurgeon.Run(
            "compress",
            copy,
            "--out",
            folder["out"],
            "--ratio",
            "0.5",
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "64",
            "--sequences",
            "4",
            "--fisher-sequences",
            "4"
        );
        AssertRefused(result, tensor);
        AssertRefused(
            Svdsurgeon.Run("eval", copy, "--text", Svdsurgeon.EvaluationText, "--seqlen", "64", "--windows", "1", "--json"),
            tensor
        );
        var generated = Svdsurgeon.Run("generate", copy, "--prompt", "One");
        Assert.That(generated.ExitCode, Is.EqualTo(2), generated.Error);
        Assert.That(generated.Error, Does.Contain(tensor).And.Contain("fetch it again"));
        foreach (string format in (string[])["onnx", "hf"])
        {
            // What copies the weights as they are would pass it on without a word.
            AssertRefused(Svdsurgeon.Run("export", copy, "--format", format, "--type", "f16", "--out", folder["exported"]), tensor);
            Assert.That(Path.Exists(folder["exported"]), Is.False, format);
        }
    }

    [Test]
    public void An_unknown_option_is_refused_in_one_line()
    {
        AssertRefused(Svdsurgeon.Run("eval", Svdsurgeon.Opt, "--no-such-option"), "--no-such-option");
    }

    [Test]
    public void A_device_that_is_not_there_is_an_error_and_never_falls_back()
    {
        var result = Svdsurgeon.Run("eval", Svdsurgeon.Opt, "--text", Svdsurgeon.EvaluationText, "--seqlen", "64", "--device", "cuda:7");
        AssertRefused(result, "--device cuda:7");
    }

    [Test]
    public void A_device_that_stats_does_not_know_is_refused_before_anything_is_collected()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(
            Svdsurgeon.Run(
                "stats",
                Svdsurgeon.Opt,
                "--out",
                folder["stats"],
                "--calibration",
                Svdsurgeon.CalibrationText,
                "--seqlen",
                "64",
                "--sequences",
                "4",
                "--fisher-sequences",
                "4",
                "--device",
                "nonsense"
            ),
            "--device nonsense"
        );
        Assert.That(Directory.Exists(folder["stats"]), Is.False);
    }

    [Test]
    public void A_BLAS_that_cannot_be_loaded_is_named()
    {
        AssertRefused(
            Svdsurgeon.Run(
                "eval",
                Svdsurgeon.Opt,
                "--text",
                Svdsurgeon.EvaluationText,
                "--seqlen",
                "64",
                "--device",
                "cpu",
                "--blas",
                "no/such/libopenblas.so"
            ),
            "--blas no/such/libopenblas.so: there is no such file"
        );
        AssertRefused(
            Svdsurgeon.Run(
                "generate",
                Svdsurgeon.Opt,
                "--prompt",
                "One",
                "--device",
                "cpu",
                "--blas",
                Path.Combine(Svdsurgeon.Opt, "config.json")
            ),
            "cannot be loaded"
        );
    }

    private static void AssertRefused(ProcessResult result, string mention)
    {
        Assert.Multiple(() =>
        {
            Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
            Assert.That(result.Error.TrimEnd().Split('\n'), Has.Length.EqualTo(1), result.Error);
            Assert.That(result.Error, Does.Contain(mention).And.Not.Contain("   at "));
            Assert.That(result.Output, Is.Empty);
        });
    }

    // The header says where the tensor's data starts; 0x7E00 is an fp16 NaN.
    private static void DamageFirstNumber(string path, string tensor)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        using var reader = new BinaryReader(stream);
        long header = reader.ReadInt64();
        var json = System.Text.Json.Nodes.JsonNode.Parse(reader.ReadBytes((int)header))!;
        stream.Position = 8 + header + (long)json[tensor]!["data_offsets"]![0]!;
        stream.Write([0x00, 0x7E]);
    }
}
