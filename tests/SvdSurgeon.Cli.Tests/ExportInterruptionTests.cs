using System.Diagnostics;

namespace SvdSurgeon.Cli.Tests;

/// <summary>
/// An export is stopped while it writes: its output is there as a whole or not at all, and the same command then makes it.
/// </summary>
[TestFixture, Category("Slow")]
public sealed class ExportInterruptionTests
{
    [Test]
    public void An_interrupted_export_leaves_nothing_half_written([Values("gguf", "hf", "onnx")] string format, [Values] bool killed)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Signals are sent with kill.");
        using var folder = new TemporaryFolder();
        string suffix = format == "gguf" ? ".gguf" : "",
            whole = folder["whole" + suffix],
            place = folder["place"],
            output = Path.Combine(place, "made" + suffix);
        string[] command = ["export", Svdsurgeon.Llama, "--format", format, "--type", "f32", "--out"];
        Assert.That(Svdsurgeon.Run([.. command, whole]).ExitCode, Is.Zero);
        Directory.CreateDirectory(place);
        using (var process = Svdsurgeon.Start([.. command, output]))
        {
            while (Directory.GetFileSystemEntries(place).Length == 0 && !process.HasExited)
                Thread.SpinWait(100);
            Process.Start("kill", [killed ? "-KILL" : "-INT", $"{process.Id}"])!.WaitForExit();
            process.WaitForExit();
            TestContext.Out.WriteLine($"exit {process.ExitCode}");
            if (!killed)
                Assert.That(process.ExitCode, Is.AnyOf(0, 130));
        }
        if (Exists(output))
            AssertEqual(output, whole);
        else if (!killed)
            Assert.That(Directory.GetFileSystemEntries(place), Is.Empty);
        if (!Exists(output))
            Assert.That(Svdsurgeon.Run([.. command, output]).ExitCode, Is.Zero);
        AssertEqual(output, whole);
        Assert.That(Directory.GetFileSystemEntries(place), Has.Length.EqualTo(1), "an unfinished file is left");
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    private static void AssertEqual(string made, string whole)
    {
        if (Directory.Exists(whole))
            FolderBytes.AssertEqual(made, whole);
        else
            Assert.That(File.ReadAllBytes(made), Is.EqualTo(File.ReadAllBytes(whole)));
    }
}
