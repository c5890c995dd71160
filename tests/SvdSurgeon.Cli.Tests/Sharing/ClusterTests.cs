using System.Diagnostics;
using System.Globalization;

namespace SvdSurgeon.Cli.Tests.Sharing;

/// <summary>
/// Runs shared by several processes that a launcher of a few lines starts: the same bytes as one process, whatever their number and
/// whoever dies.
/// </summary>
[TestFixture]
public sealed class ClusterTests
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
        "--threads",
        "1",
    ];

    private static readonly string[] Statistics = ["stats", Svdsurgeon.Opt, "--method", "kfac", "--fisher", "tokens", .. Data];

    [Test]
    public void Statistics_of_any_number_of_workers_are_those_of_one_process()
    {
        using var folder = new TemporaryFolder();
        Succeed([.. Statistics, "--out", folder["alone"]]);
        foreach (int workers in (int[])[1, 2, 3, 7])
        {
            string output = folder[$"workers-{workers}"];
            Succeed([.. Statistics, "--out", output, "--launcher", Launcher(folder, workers)]);
            FolderBytes.AssertEqual(output, folder["alone"]);
        }
    }

    [Test]
    public void The_result_of_three_workers_is_that_of_one_process()
    {
        using var folder = new TemporaryFolder();
        string[] command =
        [
            "compress",
            Svdsurgeon.Opt,
            "--method",
            "kfac",
            "--newton",
            "1",
            "--surgeon",
            "none",
            "--ratio",
            "0.6",
            "--eval-text",
            Svdsurgeon.EvaluationText,
            "--eval-windows",
            "8",
            .. Data,
        ];
        Succeed([.. command, "--out", folder["alone"]]);
        Succeed([.. command, "--out", folder["shared"], "--launcher", Launcher(folder, 3)]);
        FolderBytes.AssertEqual(Path.Combine(folder["shared"], "ratio-0.6"), Path.Combine(folder["alone"], "ratio-0.6"));
    }

    [Test]
    public void A_worker_that_is_killed_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        Succeed([.. Statistics, "--out", folder["alone"]]);
        string output = folder["killed"];
        using var process = Svdsurgeon.Start([.. Statistics, "--out", output, "--lease", "1", "--launcher", Launcher(folder, 2)]);
        Kill(Path.Combine(output, "cluster", "members", "0001.json"));
        var result = Svdsurgeon.Finish(process);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        FolderBytes.AssertEqual(output, folder["alone"]);
    }

    [Test]
    public void A_worker_that_does_not_see_the_folder_is_refused_in_one_sentence()
    {
        using var folder = new TemporaryFolder();
        var result = Svdsurgeon.Run("worker", folder["elsewhere"], "--rank", "1", "--size", "2");
        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.StartWith($"svdsurgeon: rank 1 of 2 on {Environment.MachineName}: there is no run in"));
        Assert.That(result.Error.Trim(), Does.Not.Contain('\n'));
    }

    [Test]
    public void An_error_of_the_workers_is_reported_once_with_its_own_exit_code()
    {
        using var folder = new TemporaryFolder();
        string broken = folder.CopyOf(Svdsurgeon.Opt, "broken");
        using (var weights = File.OpenWrite(Path.Combine(broken, "model.safetensors")))
        {
            weights.Seek(-4, SeekOrigin.End);
            weights.Write([0, 0, 0xC0, 0x7F]);
        }
        var result = Svdsurgeon.Run(["stats", broken, .. Data, "--out", folder["out"], "--launcher", Launcher(folder, 2)]);
        Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
        Assert.That(result.Error.TrimEnd().Split('\n')[^1], Does.Contain("holds NaN"));
    }

    /// <summary>A command that starts so many copies of a program, with the variables that srun sets.</summary>
    private static string Launcher(TemporaryFolder folder, int workers)
    {
        string script = folder["launch.sh"];
        File.WriteAllText(
            script,
            """
            n=$1; shift
            for i in $(seq 0 $((n - 1))); do SLURM_PROCID=$i SLURM_NTASKS=$n "$@" & done
            wait
            """.ReplaceLineEndings("\n")
        );
        return string.Create(CultureInfo.InvariantCulture, $"sh {script} {workers}");
    }

    // Kills a worker as soon as it has said that it is there.
    private static void Kill(string member)
    {
        while (!File.Exists(member))
            Thread.Sleep(5);
        int id = (int)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(member))!["process"]!;
        using var worker = Process.GetProcessById(id);
        worker.Kill();
    }

    private static void Succeed(string[] arguments)
    {
        var result = Svdsurgeon.Run(arguments);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
    }
}
