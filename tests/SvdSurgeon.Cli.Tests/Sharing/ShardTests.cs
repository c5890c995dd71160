using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Tests.Sharing;

/// <summary>Statistics collected in shares by several processes, put together, used and refused.</summary>
[TestFixture, Category("Slow")]
public sealed class ShardTests
{
    private static readonly string[] Data =
    [
        "--calibration",
        Svdsurgeon.CalibrationText,
        "--seqlen",
        "64",
        "--sequences",
        "32",
        "--fisher-sequences",
        "32",
    ];

    [TestCase("kfac", "tokens", 4), TestCase("whiten", "sequences", 2), TestCase("fwsvd", "tokens", 2)]
    public void Merged_shards_equal_one_run_to_the_last_bit(string method, string fisher, int shards)
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--method", method, "--surgeon", "select", "--fisher", fisher, .. Data];
        Collect(folder, folder["whole"], null, options);

        // First the statistics of the dense model, then, in copies of what was merged, the Fisher along its factors.
        for (int i = 1; i <= shards; i++)
            Assert.That((string?)Collect(folder, folder[$"first-{i}"], i, options, shards)["next"], Does.Contain("merge"));
        Svdsurgeon.Json(["merge", .. Enumerable.Range(1, shards).Select(i => folder[$"first-{i}"]), "--out", folder["first"]]);
        for (int i = 1; i <= shards; i++)
        {
            FolderBytes.Copy(folder["first"], folder[$"second-{i}"]);
            Collect(folder, folder[$"second-{i}"], i, options, shards);
        }
        Svdsurgeon.Json(["merge", .. Enumerable.Range(1, shards).Select(i => folder[$"second-{i}"]), "--out", folder["merged"]]);
        FolderBytes.AssertEqual(folder["merged"], folder["whole"]);

        // What is compressed with the merged statistics reuses every one of them and is what one run gives.
        string[] compress = ["compress", Svdsurgeon.Opt, "--ratio", "0.6", .. options];
        Svdsurgeon.Json([.. compress, "--out", folder["direct"]]);
        var result = Svdsurgeon.Json([.. compress, "--out", folder["reusing"], "--work", folder["merged"]]);
        Assert.That(
            result["stages"]!
                .AsArray()
                .Where(s => (string)s!["name"]! is "gram" or "gradients" or "factor" or "fisher")
                .All(s => (bool)s!["reused"]!),
            result["stages"]!.ToJsonString()
        );
        FolderBytes.AssertEqual(Path.Combine(folder["reusing"], "ratio-0.6"), Path.Combine(folder["direct"], "ratio-0.6"));
    }

    [Test]
    public void Shards_work_at_the_same_time_in_one_folder_and_keep_others_out_of_it()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--method", "kfac", "--surgeon", "none", .. Data];
        Collect(folder, folder["whole"], null, options);
        var processes = Enumerable
            .Range(1, 4)
            .Select(i => Svdsurgeon.Start(["stats", Svdsurgeon.Opt, "--out", folder["shared"], "--shard", $"{i}/4", .. options]))
            .ToList();
        string lockFile = Path.Combine(folder["shared"], ".lock");
        while (!File.Exists(lockFile) && !processes[0].HasExited)
            Thread.Sleep(5);
        var other = Svdsurgeon.Run(["stats", Svdsurgeon.Opt, "--out", folder["shared"], .. options]);
        bool stillAtWork = processes.Any(process => !process.HasExited);
        foreach (var process in processes)
            using (process)
                Assert.That(Svdsurgeon.Finish(process) is { ExitCode: 0 }, "a shard fails");
        if (stillAtWork)
            Assert.That((other.ExitCode, other.Error), Is.EqualTo((2, Sentence(folder["shared"]))));
        Svdsurgeon.Json(["merge", folder["shared"], "--out", folder["merged"]]);
        FolderBytes.AssertEqual(folder["merged"], folder["whole"]);
    }

    [Test]
    public void A_folder_that_another_process_works_in_is_refused_at_once()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["work"]);
        using var held = new FileStream(Path.Combine(folder["work"], ".lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        string[] options = ["--method", "whiten", "--surgeon", "none", .. Data];
        foreach (
            string[] command in (string[][])
                [
                    ["stats", Svdsurgeon.Opt, "--out", folder["work"], .. options],
                    ["compress", Svdsurgeon.Opt, "--ratio", "0.6", "--work", folder["work"], "--out", folder["out"], .. options],
                ]
        )
        {
            var result = Svdsurgeon.Run(command);
            Assert.That(result.ExitCode, Is.EqualTo(2));
            Assert.That(
                result.Error,
                Does.EndWith($"{folder["work"]}: another run works in this folder. Wait for it, or choose another folder.\n")
            );
        }
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void Shares_that_do_not_belong_together_are_refused_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--method", "whiten", "--surgeon", "none", .. Data];
        for (int i = 1; i <= 2; i++)
            Collect(folder, folder[$"s{i}"], i, options, 2);
        Collect(folder, folder["quarter"], 2, options, 4);
        Collect(folder, folder["seed"], 2, [.. options, "--seed", "1"], 2);
        Svdsurgeon.Json(["stats", Svdsurgeon.Llama, "--out", folder["llama"], "--shard", "2/2", .. options]);
        Assert.Multiple(() =>
        {
            Refused("missing share", "sequences 17 to 24", folder["s1"]);
            Refused("share given twice", "in both", folder["s1"], folder["s1"], folder["s2"]);
            Refused("overlap", "in both", folder["s1"], folder["quarter"], folder["s2"]);
            Refused("other sequences", "other sequences", folder["s1"], folder["seed"]);
            Refused("other model", "another model", folder["s1"], folder["llama"]);
            Refused("no statistics", "no artifacts", folder["s1"], folder.Path);
        });

        void Refused(string why, string mention, params string[] folders)
        {
            var result = Svdsurgeon.Run(["merge", .. folders, "--out", folder["merged"]]);
            Assert.That(result.ExitCode, Is.EqualTo(2), why);
            Assert.That(result.Error.TrimEnd(), Does.Contain(mention).And.Not.Contain("\n"), why);
            Assert.That(Directory.Exists(folder["merged"]), Is.False, why);
        }
    }

    [TestCase("5/4"), TestCase("0/4"), TestCase("two"), TestCase("1/64")]
    public void A_shard_that_cannot_be_is_refused(string shard)
    {
        using var folder = new TemporaryFolder();
        var result = Svdsurgeon.Run([
            "stats",
            Svdsurgeon.Opt,
            "--out",
            folder["work"],
            "--shard",
            shard,
            "--method",
            "whiten",
            "--surgeon",
            "none",
            .. Data,
        ]);
        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain("--shard " + shard));
    }

    [Test]
    public void Given_statistics_are_used_or_refused_with_what_differs()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--method", "whiten", "--surgeon", "none", "--calibration", Svdsurgeon.CalibrationText];
        Svdsurgeon.Json(["stats", Svdsurgeon.Opt, "--out", folder["stats"], .. options, "--seqlen", "64", "--sequences", "16"]);
        Svdsurgeon.Json([
            "stats",
            Svdsurgeon.Opt,
            "--out",
            folder["half"],
            "--shard",
            "1/2",
            .. options,
            "--seqlen",
            "64",
            "--sequences",
            "16",
        ]);
        string[] compress = ["compress", "--ratio", "0.6", "--out", folder["out"]];
        string[] same = [.. compress, Svdsurgeon.Opt, .. options, "--seqlen", "64", "--sequences", "16"];
        Assert.Multiple(() =>
        {
            Refused(
                "seqlen 64, not 32",
                [.. compress, Svdsurgeon.Opt, .. options, "--seqlen", "32", "--sequences", "16", "--stats", folder["stats"]]
            );
            Refused(
                "16 sequences, not 8",
                [.. compress, Svdsurgeon.Opt, .. options, "--seqlen", "64", "--sequences", "8", "--stats", folder["stats"]]
            );
            Refused("other sequences", [.. same, "--seed", "7", "--stats", folder["stats"]]);
            Refused(
                "another model",
                [.. compress, Svdsurgeon.Llama, .. options, "--seqlen", "64", "--sequences", "16", "--stats", folder["stats"]]
            );
            Refused("incomplete", [.. same, "--stats", folder["half"]]);
            Refused("no statistics", [.. same, "--stats", folder["nowhere"]]);
            Refused(
                "stage 'gradients'",
                [
                    .. compress,
                    Svdsurgeon.Opt,
                    "--method",
                    "fwsvd",
                    "--surgeon",
                    "none",
                    .. options[4..],
                    "--seqlen",
                    "64",
                    "--sequences",
                    "16",
                    "--stats",
                    folder["stats"],
                ]
            );
        });
        var result = Svdsurgeon.Json([.. same, "--stats", folder["stats"]]);
        Assert.That(
            result["stages"]!.AsArray().Any(s => (string)s!["name"]! == "gram" && (bool)s["reused"]!),
            result["stages"]!.ToJsonString()
        );
        Assert.That(
            Directory.GetDirectories(Path.Combine(folder["out"], "work"), "gram-*"),
            Is.Empty,
            "the given statistics stay where they are"
        );

        void Refused(string mention, string[] command)
        {
            var refused = Svdsurgeon.Run(command);
            Assert.That(refused.ExitCode, Is.EqualTo(2), mention);
            Assert.That(refused.Error.TrimEnd(), Does.Contain("--stats").And.Contain(mention).And.Not.Contain("\n"));
        }
    }

    [Test]
    public void Inspect_explains_an_artifact_a_share_and_a_work_folder()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--method", "whiten", "--surgeon", "none", .. Data];
        Collect(folder, folder["whole"], null, options);
        Collect(folder, folder["share"], 2, options);
        string artifact = Directory.GetDirectories(folder["whole"], "gram-*").Single();
        var whole = Svdsurgeon.Json("inspect", artifact);
        var share = Svdsurgeon.Json("inspect", folder["share"])["artifacts"]![0]!;
        Assert.Multiple(() =>
        {
            Assert.That((string)whole["stage"]!, Is.EqualTo("gram"));
            Assert.That((bool)whole["complete"]!);
            Assert.That((int)whole["inputs"]!["sequences"]!, Is.EqualTo(32));
            Assert.That((long)whole["bytes"]!, Is.EqualTo(Directory.GetFiles(artifact).Sum(file => new FileInfo(file).Length)));
            Assert.That((bool)share["complete"]!, Is.False);
            Assert.That(share["missing"]!.AsArray(), Has.Count.EqualTo((int)share["parts"]!));
            Assert.That((string)share["shards"]!, Is.EqualTo("sequences 9 to 16 of 32"));
            Assert.That(
                Svdsurgeon.Run("inspect", folder["whole"]).Output,
                Does.Contain(Path.GetFileName(artifact)).And.Contain("32 sequences")
            );
        });
    }

    [Test]
    public void Inspect_names_a_file_that_is_no_model()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["notes.md"], "nothing");
        var result = Svdsurgeon.Run("inspect", folder["notes.md"]);
        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain("notes.md"));
    }

    private static JsonObject Collect(TemporaryFolder folder, string output, int? shard, string[] options, int shards = 4) =>
        Svdsurgeon.Json([
            "stats",
            Svdsurgeon.Opt,
            "--out",
            output,
            .. shard is { } i ? (string[])["--shard", $"{i}/{shards}"] : [],
            .. options,
        ]);

    private static string Sentence(string folder) =>
        $"svdsurgeon: --out {folder}: another run works in this folder. Wait for it, or choose another folder.\n";
}
