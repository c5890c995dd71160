using System.Diagnostics;
using NUnit.Framework;
using SvdSurgeon.Cuda.Tests.StandIn;
using SvdSurgeon.Cuda.VendorLibraries.Loading;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>What the command line says of devices, as processes of their own.</summary>
[Category("Slow")]
public sealed class CommandLineTests
{
    private string _root = null!;

    [SetUp]
    public void Make() => _root = Directory.CreateTempSubdirectory("svdsurgeon-").FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_root, recursive: true);

    [
        TestCase(11, "cuBLAS 11.4.5", "cuSOLVER 11.6.1"),
        TestCase(12, "cuBLAS 12.4.5", "cuSOLVER 11.6.1"),
        TestCase(13, "cuBLAS 13.4.5", "cuSOLVER 12.6.1")
    ]
    public void Devices_names_the_files_that_it_found_with_their_versions(int major, string blas, string solver)
    {
        if (NativeLibraries.Driver is { } driver && driver.Major < major)
            Assert.Ignore($"The driver here serves CUDA {driver.Major} only.");
        if (StandInLibraries.Build(_root, major) is { } problem)
            Assert.Ignore(problem);
        var (code, output, _) = Run(_root, "devices");
        var generation = CudaGeneration.NewestFirst.Single(g => g.Major == major);
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain($"{blas} ({Path.Combine(_root, "nvidia", "cublas", "lib", generation.Blas)})"));
        Assert.That(output, Does.Contain($"{solver} ({Path.Combine(_root, "nvidia", "cusolver", "lib", generation.Solver)})"));
    }

    [Test]
    public void Without_a_driver_devices_says_in_three_lines_what_is_missing_where_it_looked_and_what_helps()
    {
        if (CudaDevices.List().Devices.Count > 0)
            Assert.Ignore("This machine has a GPU.");
        var (code, output, _) = Run("", "devices");
        string[] lines =
        [
            .. output.Split('\n').SkipWhile(line => !line.StartsWith("cuda:", StringComparison.Ordinal)).Where(line => line.Length > 0),
        ];
        Assert.That(code, Is.Zero);
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[0], Does.StartWith("cuda: not usable, there is no NVIDIA driver"));
        Assert.That(
            lines[1],
            Does.Contain("libcublas.so.13").And.Contain("CUDA_PATH").And.Contain("LD_LIBRARY_PATH").And.Contain("/usr/local/cuda*")
        );
        Assert.That(lines[2], Does.StartWith("  What helps: install NVIDIA's driver"));
    }

    [Test]
    public void The_simulator_runs_a_verb_with_the_same_result_and_says_that_it_is_slow()
    {
        string model = Path.Combine(AppContext.BaseDirectory, "Golden", "models", "llama-gqa-tied");
        string ids = Path.Combine(_root, "ids.npy");
        Calibration.TokenFile.FromRows([.. Enumerable.Range(0, 24).Select(i => i * 7 % 30 + 2)], 12).Write(ids);
        var cpu = Run("", "eval", model, "--tokens", ids, "--seqlen", "12", "--json", "--device", "cpu");
        var simulator = Run("", "eval", model, "--tokens", ids, "--seqlen", "12", "--json", "--device", "simulator");
        Assert.That(simulator.Code, Is.Zero, simulator.Error);
        Assert.That(simulator.Error, Does.Contain("is very slow"));
        Assert.That(Perplexity(simulator.Output), Is.EqualTo(Perplexity(cpu.Output)).Within(1e-4 * Perplexity(cpu.Output)));
    }

    [Test]
    public void Bench_measures_the_device_that_it_is_told_and_names_it()
    {
        string model = Path.Combine(AppContext.BaseDirectory, "Golden", "models", "llama-gqa-tied");
        string[] bench = ["bench", model, "--prompt", "3", "--generate", "2", "--repeats", "1", "--json", "--device"];
        var simulator = Run("", [.. bench, "simulator"]);
        Assert.That(simulator.Code, Is.Zero, simulator.Error);
        using var rows = System.Text.Json.JsonDocument.Parse(simulator.Output);
        Assert.That(
            rows.RootElement.EnumerateArray().Select(row => row.GetProperty("test").GetString()),
            Is.EqualTo(new[] { "pp3", "tg2" })
        );
        foreach (var row in rows.RootElement.EnumerateArray())
        {
            Assert.That(row.GetProperty("device").GetString(), Does.StartWith("simulator"));
            Assert.That(row.GetProperty("threads").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
            Assert.That(row.GetProperty("tokens_per_second").GetProperty("median").GetDouble(), Is.GreaterThan(0));
        }
    }

    [Test]
    public void Bench_refuses_a_GPU_that_is_not_there_with_the_sentence_of_every_verb()
    {
        if (CudaDevices.List().Devices.Count > 0)
            Assert.Ignore("This machine has a GPU.");
        string model = Path.Combine(AppContext.BaseDirectory, "Golden", "models", "llama-gqa-tied");
        var bench = Run("", "bench", model, "--prompt", "3", "--generate", "2", "--device", "cuda");
        string ids = Path.Combine(_root, "ids.npy");
        Calibration.TokenFile.FromRows([.. Enumerable.Range(2, 24)], 12).Write(ids);
        var eval = Run("", "eval", model, "--tokens", ids, "--device", "cuda");
        Assert.That((bench.Code, bench.Output), Is.EqualTo((2, "")));
        Assert.That(bench.Error, Is.EqualTo(eval.Error).And.Not.Empty);
    }

    [Test]
    public void A_precision_that_does_not_exist_is_refused_with_the_ones_that_do()
    {
        Assert.That(
            () => Cli.GpuDevice.Open("simulator+fp4"),
            Throws.InstanceOf<InvalidInputException>().With.Message.Contains("simulator, simulator+tf32 or simulator+bf16")
        );
    }

    private static double Perplexity(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return document.RootElement.GetProperty("ppl").GetDouble();
    }

    private static (int Code, string Output, string Error) Run(string libraries, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "svdsurgeon.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[LibraryFolders.Variable] = libraries;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
