using System.Diagnostics;

namespace SvdSurgeon.Cli.Tests;

/// <summary>
/// A disk of a few megabytes is full at one stage after the other: one sentence names the file and what is free, nothing unfinished is left
/// behind, and with more room the same command ends in the bytes of an undisturbed run. Mounting a disk needs Linux and root.
/// </summary>
[TestFixture, Category("Slow"), NonParallelizable]
public sealed class FullDiskTests
{
    private const string Tasks = """{"goal": "To keep warm,", "sol1": "open the window.", "sol2": "close the door.", "label": 1}""";

    private TemporaryFolder _folder = null!;
    private string _disk = "";

    // The end of each command is the file or the folder that it makes; the shares are of the bytes that it needs.
    private static IEnumerable<TestCaseData> Commands()
    {
        string[] data = ["--calibration", Svdsurgeon.CalibrationText, "--seqlen", "64", "--sequences", "16", "--fisher-sequences", "16"];
        yield return Case("compress", [0.02, 0.7], ["compress", Svdsurgeon.Opt, "--method", "kfac", "--ratio", "0.6", .. data, "--out"]);
        yield return Case("bits", [0.3], ["compress", Svdsurgeon.Llama, "--bits", "4.5", "--effort", "1", .. data[..6], "--out"]);
        yield return Case("stats", [0.5], ["stats", Svdsurgeon.Opt, "--method", "kfac", "--surgeon", "none", .. data, "--out"]);
        yield return Case("export hf", [0.5], ["export", Svdsurgeon.Llama, "--format", "hf", "--type", "f32", "--out"]);
        yield return Case("export gguf", [0.5], ["export", Svdsurgeon.Llama, "--format", "gguf", "--type", "f16", "--out"]);
        yield return Case("export onnx", [0.5], ["export", Svdsurgeon.Llama, "--format", "onnx", "--type", "f32", "--out"]);

        static TestCaseData Case(string name, double[] shares, string[] command) =>
            new TestCaseData(shares, command).SetArgDisplayNames(name);
    }

    [OneTimeSetUp]
    public void MountOne()
    {
        _folder = new TemporaryFolder();
        _disk = _folder["disk"];
        Directory.CreateDirectory(_disk);
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !Mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", _disk))
            Assert.Ignore("A small disk cannot be mounted here: that needs Linux and root.");
    }

    [OneTimeTearDown]
    public void Unmount()
    {
        Start("umount", _disk);
        _folder.Dispose();
    }

    [SetUp]
    public void Empty()
    {
        foreach (string entry in Directory.GetFileSystemEntries(_disk))
            if (Directory.Exists(entry))
                Directory.Delete(entry, recursive: true);
            else
                File.Delete(entry);
    }

    [TestCaseSource(nameof(Commands))]
    public void A_full_disk_is_named_and_more_room_leads_to_the_same_bytes(double[] shares, string[] command)
    {
        string suffix = command.Contains("gguf") ? ".gguf" : "",
            whole = _folder["whole" + suffix],
            made = Path.Combine(_disk, "made" + suffix);
        Assert.That(Svdsurgeon.Run([.. command, whole]).ExitCode, Is.Zero);
        long needed = Bytes(whole);
        foreach (double share in shares)
        {
            Resize((long)(share * needed));
            IsFull(command, made, $"{share:P0} of {needed:N0} bytes");
        }
        Resize(3 * needed);
        var more = Svdsurgeon.Run([.. command, made]);
        Assert.That(more.ExitCode, Is.Zero, more.Error);
        if (Directory.Exists(Path.Combine(made, "work")))
            StageAfterStage(command, made);
        if (Directory.Exists(whole))
        {
            FolderBytes.AssertEqual(made, whole);
            Directory.Delete(whole, recursive: true);
        }
        else
        {
            Assert.That(File.ReadAllBytes(made), Is.EqualTo(File.ReadAllBytes(whole)));
            File.Delete(whole);
        }
    }

    // The last that was made is taken away, more each time, and the disk has no room for it.
    private void StageAfterStage(string[] command, string made)
    {
        string work = Path.Combine(made, "work");
        string[] parts =
        [
            .. Directory.GetDirectories(made).Where(path => path != work),
            .. Directory.GetDirectories(work).OrderByDescending(path => File.GetLastWriteTimeUtc(Path.Combine(path, "artifact.json"))),
        ];
        foreach (string part in parts)
        {
            if (Path.GetFileName(part).StartsWith("eval-", StringComparison.Ordinal))
                continue;
            Directory.Delete(part, recursive: true);
            var disk = new DriveInfo(_disk);
            Resize(disk.TotalSize - disk.TotalFreeSpace);
            IsFull(command, made, $"without {Path.GetFileName(part)}");
        }
        Resize(64 << 20);
        var more = Svdsurgeon.Run([.. command, made]);
        Assert.That(more.ExitCode, Is.Zero, more.Error);
    }

    private void IsFull(string[] command, string made, string when)
    {
        var result = Svdsurgeon.Run([.. command, made]);
        string last = result.Error.TrimEnd().Split('\n')[^1];
        TestContext.Out.WriteLine($"{when}: exit {result.ExitCode}, {last.Replace(_disk, "DISK", StringComparison.Ordinal)}");
        Assert.That(result.ExitCode, Is.EqualTo(1), last);
        Assert.That(last, Does.Contain(_disk).And.Contain("free").And.Not.Contain(".partial").And.Not.Contain("defect"));
        Assert.That(Directory.GetFileSystemEntries(_disk, "*.partial", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public void Items_of_tasks_that_do_not_fit_are_named_and_go_on_with_more_room()
    {
        string tasks = _folder["piqa.jsonl"],
            items = Path.Combine(_disk, "items.jsonl");
        File.WriteAllLines(tasks, Enumerable.Repeat(Tasks, 60));
        string[] command = ["tasks", Svdsurgeon.Llama, "--task", $"piqa={tasks}", "--items", items];
        Resize(8192);
        var result = Svdsurgeon.Run(command);
        TestContext.Out.WriteLine(result.Error.TrimEnd().Split('\n')[^1].Replace(_disk, "DISK", StringComparison.Ordinal));
        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.Error.TrimEnd().Split('\n')[^1], Does.Contain(items).And.Contain("free").And.Not.Contain("defect"));
        Resize(1 << 20);
        Assert.That(Svdsurgeon.Run(command).ExitCode, Is.Zero);
        Assert.That(File.ReadAllLines(items), Has.Length.EqualTo(60));
        Assert.That(Directory.GetFileSystemEntries(_disk), Has.Length.EqualTo(1));
    }

    [TestCaseSource(nameof(Commands))]
    public void A_folder_that_cannot_be_written_is_refused_in_one_sentence(double[] shares, string[] command)
    {
        Assert.That(shares, Is.Not.Empty);
        Resize(64 << 20);
        Assert.That(Mount("-o", "remount,ro", _disk));
        try
        {
            var result = Svdsurgeon.Run([.. command, Path.Combine(_disk, "made.gguf")]);
            string last = result.Error.TrimEnd().Split('\n')[^1];
            TestContext.Out.WriteLine($"exit {result.ExitCode}, {last.Replace(_disk, "DISK", StringComparison.Ordinal)}");
            Assert.That(result.ExitCode, Is.EqualTo(command[0] == "export" ? 1 : 2), last);
            Assert.That(last, Does.Contain(_disk).And.Contain("Read-only").And.Not.Contain("defect"));
        }
        finally
        {
            Mount("-o", "remount,rw", _disk);
        }
    }

    private void Resize(long bytes) => Assert.That(Mount("-o", $"remount,size={bytes / 4096 * 4 + 8}k", _disk));

    private static long Bytes(string path) =>
        File.Exists(path)
            ? new FileInfo(path).Length
            : new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static bool Mount(params string[] arguments) => Start("mount", arguments);

    private static bool Start(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
