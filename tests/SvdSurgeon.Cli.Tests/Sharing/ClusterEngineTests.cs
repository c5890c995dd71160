using System.Diagnostics;

namespace SvdSurgeon.Cli.Tests.Sharing;

/// <summary>The same under real engines: Open MPI, and a Slurm of two nodes on this host (deploy/engines.sh).</summary>
[TestFixture, Category("Cluster")]
public sealed class ClusterEngineTests
{
    private static readonly string[] Command =
    [
        "compress",
        Svdsurgeon.Opt,
        "--method",
        "whiten",
        "--surgeon",
        "update",
        "--ratio",
        "0.6",
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

    [Test]
    public void Two_workers_of_mpirun_give_the_bytes_of_one_process()
    {
        Require("mpirun");
        using var folder = new TemporaryFolder();
        Compare(
            folder,
            "mpirun --oversubscribe -np 2",
            new() { ["OMPI_ALLOW_RUN_AS_ROOT"] = "1", ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1" }
        );
    }

    [Test]
    public void Three_workers_of_srun_on_two_nodes_give_the_bytes_of_one_process()
    {
        foreach (string program in (string[])["srun", "slurmctld", "slurmd", "munged"])
            Require(program);
        if (Environment.UserName != "root")
            Assert.Ignore("deploy/engines.sh starts Slurm as root.");
        string script = Repository("deploy/engines.sh");
        using var folder = new TemporaryFolder();
        try
        {
            Assert.That(Bash(script, "start", folder["slurm"]), Is.Zero, "Slurm starts");
            Compare(
                folder,
                "srun --overcommit --nodes 2 --ntasks 3",
                new() { ["SLURM_CONF"] = Path.Combine(folder["slurm"], "slurm.conf") }
            );
        }
        finally
        {
            Bash(script, "stop", folder["slurm"]);
        }
    }

    private static void Compare(TemporaryFolder folder, string launcher, Dictionary<string, string> variables)
    {
        var alone = Svdsurgeon.Run([.. Command, "--out", folder["alone"]]);
        Assert.That(alone.ExitCode, Is.Zero, alone.Error);
        using var process = Svdsurgeon.Start(variables, [.. Command, "--out", folder["shared"], "--launcher", launcher]);
        var shared = Svdsurgeon.Finish(process);
        Assert.That(shared.ExitCode, Is.Zero, shared.Error);
        FolderBytes.AssertEqual(Path.Combine(folder["shared"], "ratio-0.6"), Path.Combine(folder["alone"], "ratio-0.6"));
    }

    private static void Require(string program)
    {
        string[] folders = [.. Environment.GetEnvironmentVariable("PATH")!.Split(':'), "/usr/sbin"];
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, program))))
            Assert.Ignore($"{program} is not installed here; deploy/engines.sh install fetches it from Debian.");
    }

    private static int Bash(params string[] arguments)
    {
        using var process = Process.Start("bash", arguments);
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string Repository(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, file)))
                return Path.Combine(folder.FullName, file);
        Assert.Ignore($"{file} is not beside the tests.");
        return "";
    }
}
