using System.Text.Json;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;
using SvdSurgeon.Performance;

namespace SvdSurgeon.Cuda.Benchmarks;

/// <summary>
/// Everything that is measured or checked on a GPU, in one program that needs no SDK: `gpu` (is there one), `contract`, `kernels`,
/// `decompositions`, `make-model`, `compare`, `collect`, and `cli` for the command line itself. perf/gpu.sh calls them in order.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        bool simulator = args.Contains("--simulator");
        string[] rest = [.. args.Skip(1).Where(arg => arg != "--simulator")];
        try
        {
            return await Run(args.FirstOrDefault(), rest, simulator);
        }
        catch (InvalidInputException error)
        {
            Console.Error.WriteLine($"svdsurgeon-gpu: {error.Message}");
            return 2;
        }
    }

    private static async Task<int> Run(string? command, string[] rest, bool simulator)
    {
        switch (command)
        {
            case "gpu":
                return Gpu();
            case "contract":
                return Contract(simulator, rest.Contains("--small"));
            case "kernels":
                return new KernelBenchmarks(simulator).Run();
            case "decompositions":
                return DecompositionBenchmarks.Run(simulator);
            case "make-model" when rest.Length == 1:
                RandomModel.Write(rest[0], simulator ? RandomShape.Tiny : RandomShape.Llama7B with { Layers = 2, Sequences = 32 });
                return 0;
            case "compare" when rest.Length == 3:
                return Compare(rest[0], rest[1], double.Parse(rest[2], System.Globalization.CultureInfo.InvariantCulture));
            case "collect" when rest.Length == 1:
                return ResultCollector.Run(rest[0]);
            case "cli":
                return await Cli.Program.Main(rest);
            default:
                Console.Error.WriteLine(
                    "svdsurgeon-gpu gpu | contract [--small]|kernels|decompositions [--simulator] | make-model FOLDER [--simulator] | "
                        + "compare A.json B.json RELATIVE | collect RESULTS | cli ARGUMENTS"
                );
                return 2;
        }
    }

    private static int Gpu()
    {
        using var backend = CudaDevices.Open();
        Console.WriteLine(backend.Description);
        return 0;
    }

    // The test assembly, without a test host: one line a test that did not pass, and the closing line.
    private static int Contract(bool simulator, bool small)
    {
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(typeof(Tests.SimulatorContract).Assembly, new Dictionary<string, object>());
        // The command line's own tests start processes by the SDK's host, which is not here. A small run is the contract alone.
        var (run, skip) = simulator ? ("Simulator", "Gpu") : ("Gpu", "Simulator");
        var filter = TestFilter.FromXml(
            small
                ? $"<filter><class re='1'>.*{run}Contract</class></filter>"
                : $"<filter><not><class re='1'>.*({skip}Contract|CommandLineTests)</class></not></filter>"
        );
        var result = runner.Run(new FailurePrinter(), filter);
        Console.WriteLine($"{result.PassCount} passed, {result.FailCount} failed, {result.SkipCount} skipped");
        return result.FailCount == 0 && result.PassCount > 0 ? 0 : 1;
    }

    // The perplexities of two runs of the command line, wherever they stand in the JSON.
    private static int Compare(string first, string second, double relative)
    {
        double[] a = Perplexities(first),
            b = Perplexities(second);
        if (a.Length == 0 || a.Length != b.Length)
        {
            Console.Error.WriteLine($"{first} has {a.Length} perplexities, {second} has {b.Length}.");
            return 1;
        }
        int status = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double difference = Math.Abs(b[i] / a[i] - 1);
            bool close = difference <= relative;
            Console.WriteLine(FormattableString.Invariant($"{a[i]:G8}  {b[i]:G8}  {difference:E2}  {(close ? "equal" : "DIFFERENT")}"));
            if (!close)
                status = 1;
        }
        return status;
    }

    private static double[] Perplexities(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. Find(document.RootElement)];
    }

    private static IEnumerable<double> Find(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => element
                .EnumerateObject()
                .SelectMany(property => property.NameEquals("ppl") ? [property.Value.GetDouble()] : Find(property.Value)),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(Find),
            _ => [],
        };

    private sealed class FailurePrinter : ITestListener
    {
        public void TestStarted(ITest test) { }

        public void TestFinished(ITestResult result)
        {
            if (!result.Test.IsSuite && result.ResultState.Status == TestStatus.Failed)
                Console.WriteLine($"FAILED {result.FullName}: {result.Message}");
        }

        public void TestOutput(TestOutput output) { }

        public void SendMessage(TestMessage message) { }
    }
}
