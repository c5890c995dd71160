using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SvdSurgeon.Cli.Tests;

/// <summary>
/// The real process is killed (SIGKILL) at random moments, again and again; the same command then ends in the bytes of a run that nobody disturbed, and
/// leaves no unfinished file. SVDSURGEON_KILLS sets how many kills there are; SVDSURGEON_SEED when.
/// </summary>
[TestFixture]
public sealed partial class KillTests
{
    private const int UsualKills = 4;
    private static readonly string[] Data = ["--calibration", Svdsurgeon.CalibrationText, "--seqlen", "64", "--sequences", "64", "--fisher-sequences", "64"];

    [GeneratedRegex(@"^\[[0-9:]+\] (?<stage>[^0-9]+)")]
    private static partial Regex ProgressLine();

    // Together they pass through every stage there is.
    private static readonly string[][] Commands =
    [
        ["compress", Svdsurgeon.Opt, "--method", "kfac", "--allocate", "spectrum", "--storage", "pivoted", "--surgeon", "update", "--fisher", "tokens", "--ratio", "0.8", "0.5", .. Data],
        ["compress", Svdsurgeon.Llama, "--method", "whiten", "--columns", "preserve", "--surgeon", "select", "--ratio", "0.6", .. Data],
        ["compress", Svdsurgeon.Opt, "--method", "kfac", "--sequential", "0.5", "--refine", "1", "--surgeon", "none", "--ratio", "0.5", .. Data],
        ["compress", Svdsurgeon.Llama, "--method", "fwsvd", "--surgeon", "none", "--ratio", "0.6", "--memory", "300MB", .. Data],
        ["compress", Svdsurgeon.Opt, "--method", "whiten", "--allocate", "dp", "--kl-sequences", "8", "--surgeon", "none", "--ratio", "0.6", .. Data],
        ["compress", Svdsurgeon.Opt, "--method", "auto", "--ratio", "0.6", "--calibration", Svdsurgeon.CalibrationText, "--seqlen", "64", "--sequences", "16", "--fisher-sequences", "16"],
        ["stats", Svdsurgeon.Opt, "--shard", "2/3", "--method", "kfac", "--surgeon", "none", .. Data],
    ];

    [Test]
    public void A_run_killed_at_random_moments_ends_in_the_same_bytes()
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable("SVDSURGEON_KILLS"), out int asked) ? asked : UsualKills;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("SVDSURGEON_SEED"), out int given) ? given : Environment.TickCount;
        TestContext.Out.WriteLine($"SVDSURGEON_KILLS={kills} SVDSURGEON_SEED={seed}");
        var random = new Random(seed);
        var hits = new SortedDictionary<string, int>(StringComparer.Ordinal);
        using var folder = new TemporaryFolder();
        var wholes = new Dictionary<int, (string Folder, TimeSpan Time)>();
        int done = 0;
        for (int round = 0; done < kills; round++)
        {
            // A usual run has time for the longest command alone.
            int which = kills == UsualKills ? 0 : round % Commands.Length;
            if (!wholes.TryGetValue(which, out var whole))
            {
                var clock = Stopwatch.StartNew();
                Run(Commands[which], folder[$"whole-{which}"]);
                wholes[which] = whole = (folder[$"whole-{which}"], clock.Elapsed);
            }
            string killed = folder[$"killed-{round}"];
            while (done < kills && Kill([.. Commands[which], "--out", killed], random.NextDouble() * whole.Time * 0.9) is { } stage)
            {
                hits[stage] = hits.GetValueOrDefault(stage) + 1;
                done++;
                // A result folder is there as a whole or not at all.
                if (Directory.Exists(killed))
                    foreach (string result in Directory.GetDirectories(killed, "ratio-*").Where(path => !path.EndsWith(".partial", StringComparison.Ordinal)))
                        FolderBytes.AssertEqual(result, Path.Combine(whole.Folder, Path.GetFileName(result)));
            }
            Run(Commands[which], killed);
            // A search deletes what it made for rejected candidates, but not what a killed run before it made: there the results alone are equal.
            bool search = Commands[which].Contains("auto");
            foreach (string part in search ? Directory.GetDirectories(whole.Folder, "ratio-*").Select(path => Path.GetFileName(path)) : [""])
                FolderBytes.AssertEqual(Path.Combine(killed, part), Path.Combine(whole.Folder, part));
            Directory.Delete(killed, recursive: true);
        }
        TestContext.Out.WriteLine($"{done} kills: {string.Join(", ", hits.Select(hit => $"{hit.Key} {hit.Value}"))}");
    }

    private static void Run(string[] command, string output)
    {
        var result = Svdsurgeon.Run([.. command, "--out", output]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
    }

    // The stage that was hit, or null when the run was over before.
    private static string? Kill(string[] command, TimeSpan after)
    {
        using var process = Svdsurgeon.Start(command);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (process.WaitForExit(after)) return null;
        process.Kill();
        process.WaitForExit();
        output.Wait();
        return error.Result.Split('\n').Select(line => ProgressLine().Match(line)).LastOrDefault(match => match.Success)?.Groups["stage"].Value.Trim() ?? "start";
    }
}
