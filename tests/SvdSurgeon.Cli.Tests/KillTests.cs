using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SvdSurgeon.Cli.Tests;

/// <summary>
/// The real process is killed (SIGKILL) at random moments, again and again; the same command then ends in the bytes of a run that nobody
/// disturbed, and leaves no unfinished file. SVDSURGEON_KILLS sets how many kills there are in all; SVDSURGEON_SEED when.
/// </summary>
[TestFixture, Category("Slow")]
public sealed partial class KillTests
{
    private const int UsualKills = 8;
    private static readonly string[] Data =
    [
        "--calibration",
        Svdsurgeon.CalibrationText,
        "--seqlen",
        "64",
        "--sequences",
        "64",
        "--fisher-sequences",
        "64",
    ];

    // [00:00:01] 37 % of this step, 0:10 left; STAGE: DETAIL
    [GeneratedRegex(@"^\[[0-9:]+\] [0-9]+ %[^;]*; (?<stage>[^:]+?)(: |$)")]
    private static partial Regex ProgressLine();

    [GeneratedRegex(@" [0-9.]+$")]
    private static partial Regex NumberAtEnd();

    // Together they pass through every stage; what reports none (merge, export, report) has tests of its own.
    private static readonly string[][] Commands =
    [
        [
            "compress",
            Svdsurgeon.Opt,
            "--method",
            "kfac",
            "--allocate",
            "spectrum",
            "--storage",
            "pivoted",
            "--newton",
            "1",
            "--surgeon",
            "update",
            "--fisher",
            "tokens",
            "--ratio",
            "0.8",
            "0.5",
            .. Data,
        ],
        [
            "compress",
            Svdsurgeon.Llama,
            "--bits",
            "3.5",
            "--effort",
            "2",
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "64",
            "--sequences",
            "64",
        ],
        ["compress", Svdsurgeon.Llama, "--method", "whiten", "--columns", "preserve", "--surgeon", "select", "--ratio", "0.6", .. Data],
        [
            "compress",
            Svdsurgeon.Opt,
            "--method",
            "kfac",
            "--sequential",
            "0.5",
            "--refine",
            "1",
            "--surgeon",
            "none",
            "--ratio",
            "0.5",
            .. Data,
        ],
        ["compress", Svdsurgeon.Llama, "--method", "fwsvd", "--surgeon", "none", "--ratio", "0.6", "--memory", "300MB", .. Data],
        [
            "compress",
            Svdsurgeon.Opt,
            "--method",
            "whiten",
            "--allocate",
            "dp",
            "--kl-sequences",
            "8",
            "--update",
            "--surgeon",
            "none",
            "--ratio",
            "0.6",
            .. Data,
        ],
        ["stats", Svdsurgeon.Opt, "--shard", "2/3", "--method", "kfac", "--surgeon", "none", .. Data],
        [
            "compress",
            Svdsurgeon.Llama,
            "--bits",
            "4.5",
            "3.5",
            "--effort",
            "2",
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "64",
            "--sequences",
            "24",
            "--eval-text",
            Svdsurgeon.EvaluationText,
            "--eval-windows",
            "4",
        ],
        // Last: of so many stages that little would be left for the others.
        [
            "compress",
            Svdsurgeon.Opt,
            "--method",
            "auto",
            "--ratio",
            "0.6",
            "--calibration",
            Svdsurgeon.CalibrationText,
            "--seqlen",
            "64",
            "--sequences",
            "16",
            "--fisher-sequences",
            "16",
        ],
    ];

    [Test]
    public void A_run_killed_at_random_moments_ends_in_the_same_bytes()
    {
        var (kills, random) = Asked(6);
        var hits = new SortedDictionary<string, int>(StringComparer.Ordinal);
        using var folder = new TemporaryFolder();
        var wholes = new Dictionary<int, IReadOnlyList<Stage>>();
        int done = 0;
        // Few kills come to another command every time; many begin with the first and come to all.
        int start = kills < Commands.Length ? random.Next(Commands.Length) : 0;
        for (int round = start; done < kills; round++)
        {
            int which = round % Commands.Length;
            string whole = folder[$"whole-{which}"],
                killed = folder[$"killed-{round}"];
            if (!wholes.TryGetValue(which, out var stages))
                wholes[which] = stages = Watch([.. Commands[which], "--out", whole], null).Stages;
            // One kill in every stage of the command, in order: each time the run goes on and gets as far as the next.
            foreach (var stage in stages)
            {
                if (done == kills)
                    break;
                if (!Watch([.. Commands[which], "--out", killed], stage with { Seconds = random.NextDouble() * stage.Seconds }).Killed)
                    continue;
                string name = NumberAtEnd().Replace(stage.Name, "");
                string hit = $"{Commands[which][0]}, {name}";
                hits[hit] = hits.GetValueOrDefault(hit) + 1;
                done++;
                // A result folder is there as a whole or not at all.
                if (Directory.Exists(killed))
                    foreach (
                        string result in Directory
                            .GetDirectories(killed)
                            .Where(path => Path.GetFileName(path) != "work")
                            .Where(path => !path.EndsWith(".partial", StringComparison.Ordinal))
                    )
                        FolderBytes.AssertEqual(result, Path.Combine(whole, Path.GetFileName(result)));
            }
            Watch([.. Commands[which], "--out", killed], null);
            // A search deletes what it made for rejected candidates, but not what a killed run before it made: there the results alone are
            // equal.
            bool search = Commands[which].Contains("auto");
            foreach (string part in search ? Directory.GetDirectories(whole, "ratio-*").Select(path => Path.GetFileName(path)) : [""])
                FolderBytes.AssertEqual(Path.Combine(killed, part), Path.Combine(whole, part));
            Directory.Delete(killed, recursive: true);
        }
        TestContext.Out.WriteLine($"{done} kills: {string.Join("; ", hits.Select(hit => $"{hit.Key} {hit.Value}"))}");
    }

    [Test]
    public void A_merge_killed_at_random_moments_ends_in_the_same_bytes()
    {
        var (kills, random) = Asked(1);
        using var folder = new TemporaryFolder();
        string[] shards = [folder["one"], folder["two"]];
        for (int i = 0; i < shards.Length; i++)
            Watch(
                [
                    "stats",
                    Svdsurgeon.Opt,
                    "--shard",
                    $"{i + 1}/{shards.Length}",
                    "--method",
                    "kfac",
                    "--surgeon",
                    "none",
                    .. Data,
                    "--out",
                    shards[i],
                ],
                null
            );
        string whole = folder["whole"];
        double seconds = Watch(["merge", .. shards, "--out", whole], null).Stages[0].Seconds;
        int done = 0;
        // A moment after the end of a quick run is no kill.
        for (int round = 0; round < 3 * kills && done < kills; round++)
        {
            string killed = folder[$"killed-{round}"];
            if (Watch(["merge", .. shards, "--out", killed], new Stage(Start, random.NextDouble() * seconds)).Killed)
                done++;
            Watch(["merge", .. shards, "--out", killed], null);
            FolderBytes.AssertEqual(killed, whole);
        }
        TestContext.Out.WriteLine($"{done} kills");
        Assert.That(done, Is.Positive);
    }

    [Test]
    public void What_is_written_in_one_piece_is_there_whole_or_not_at_all_after_a_kill()
    {
        var (kills, random) = Asked(1);
        using var folder = new TemporaryFolder();
        string items = folder["task.jsonl"],
            results = folder["results"];
        File.WriteAllLines(
            items,
            Enumerable.Range(0, 40).Select(i => $$"""{"goal": "{{i}} and", "sol1": "one", "sol2": "two", "label": 1}""")
        );
        Watch(["compress", Svdsurgeon.Opt, "--method", "svd", "--surgeon", "none", "--ratio", "0.6", .. Data, "--out", results], null);
        string[][] commands =
        [
            ["export", Svdsurgeon.Llama, "--format", "hf", "--type", "int4", "--out"],
            ["export", Svdsurgeon.Llama, "--format", "onnx", "--type", "f16", "--out"],
            ["export", Svdsurgeon.Llama, "--format", "gguf", "--type", "q4_0", "--out"],
            ["tasks", Svdsurgeon.Llama, "--task", $"piqa={items}", "--items"],
            ["report", results, "--html"],
        ];
        var hits = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int done = 0;
        for (int round = random.Next(commands.Length); done < kills; round++)
        {
            string[] command = commands[round % commands.Length];
            string name = $"{command[0]} {(command[0] == "export" ? command[3] : "")}".TrimEnd(),
                suffix = command.Contains("gguf") ? ".gguf" : "",
                whole = folder[$"whole-{round % commands.Length}{suffix}"],
                killed = folder[$"killed-{round}{suffix}"];
            var clock = Stopwatch.StartNew();
            if (!Path.Exists(whole))
                Watch([.. command, whole], null);
            else
                Watch([.. command, folder[$"again-{round}{suffix}"]], null);
            if (!Watch([.. command, killed], new Stage(Start, random.NextDouble() * clock.Elapsed.TotalSeconds)).Killed)
                continue;
            hits[name] = hits.GetValueOrDefault(name) + 1;
            done++;
            // A kill may come after the last rename.
            if (!Path.Exists(killed))
                Watch([.. command, killed], null);
            if (Directory.Exists(whole))
                FolderBytes.AssertEqual(killed, whole);
            else
                Assert.That(File.ReadAllBytes(killed), Is.EqualTo(File.ReadAllBytes(whole)), name);
        }
        TestContext.Out.WriteLine($"{done} kills: {string.Join("; ", hits.Select(hit => $"{hit.Key} {hit.Value}"))}");
    }

    // The share of the kills, in eighths.
    private static (int Kills, Random Random) Asked(int eighths)
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable("SVDSURGEON_KILLS"), out int asked) ? asked : UsualKills;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("SVDSURGEON_SEED"), out int given) ? given : Environment.TickCount;
        TestContext.Out.WriteLine($"SVDSURGEON_KILLS={kills} SVDSURGEON_SEED={seed}");
        return (Math.Max(1, kills * eighths / 8), new Random(seed));
    }

    // Runs the command and notes its stages; kills it so many seconds after it began a stage.
    private static (IReadOnlyList<Stage> Stages, bool Killed) Watch(string[] command, Stage? kill)
    {
        using var process = Svdsurgeon.Start(command);
        var output = process.StandardOutput.ReadToEndAsync();
        var clock = Stopwatch.StartNew();
        var stages = new List<Stage> { new(Start, 0) };
        var text = new List<string>();
        bool killed = false;
        if (kill?.Name == Start)
            KillAfter(kill.Seconds);
        while (process.StandardError.ReadLine() is { } line)
        {
            text.Add(line);
            var match = ProgressLine().Match(line);
            if (!match.Success)
                continue;
            string name = match.Groups["stage"].Value;
            stages[^1] = stages[^1] with { Seconds = clock.Elapsed.TotalSeconds };
            if (name == stages[^1].Name)
                continue;
            clock.Restart();
            stages.Add(new Stage(name, 0));
            if (!killed && kill?.Name == name)
                KillAfter(kill.Seconds);
        }
        process.WaitForExit();
        output.Wait();
        stages[^1] = stages[^1] with { Seconds = clock.Elapsed.TotalSeconds };
        if (!killed)
            Assert.That(process.ExitCode, Is.Zero, string.Join("\n", text));
        return (stages, killed);

        void KillAfter(double seconds)
        {
            if (process.WaitForExit(TimeSpan.FromSeconds(seconds)))
                return;
            process.Kill();
            killed = true;
        }
    }

    private const string Start = "start";

    private sealed record Stage(string Name, double Seconds);
}
