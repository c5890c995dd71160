using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;
using SvdSurgeon.Kernels;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>Every kernel becomes PTX for every supported generation, without a GPU.</summary>
public class PtxCompilationTests
{
    // Attention kernels hold about 130 numbers in registers; what ILGPU writes for them stays well below this.
    private const int LargestPtx = 200_000;

    private static readonly string[] Kernels =
    [
        "AttentionBackwardKernels.Delta",
        "AttentionBackwardKernels.KeyValue",
        "AttentionBackwardKernels.Query",
        "AttentionKernels.Forward",
        "ElementwiseKernels.AddBias",
        "ElementwiseKernels.AddScaled",
        "ElementwiseKernels.BroadcastBias",
        "ElementwiseKernels.Fill",
        "ElementwiseKernels.Gelu",
        "ElementwiseKernels.GeluBackward",
        "ElementwiseKernels.GeluTanh",
        "ElementwiseKernels.GeluTanhBackward",
        "ElementwiseKernels.Multiply",
        "ElementwiseKernels.Relu",
        "ElementwiseKernels.ReluBackward",
        "ElementwiseKernels.SoftCap",
        "ElementwiseKernels.SoftCapWithSlope",
        "ElementwiseKernels.SwiGlu",
        "ElementwiseKernels.SwiGluBackward",
        "HeadKernels.CrossEntropy",
        "HeadKernels.KullbackLeibler",
        "NormKernels.LayerNorm",
        "NormKernels.LayerNormBackward",
        "NormKernels.RmsNorm",
        "NormKernels.RmsNormBackward",
        "RankUpdateKernels.AddLowerTriangle",
        "RankUpdateKernels.Fisher",
        "RankUpdateKernels.GramDouble",
        "RankUpdateKernels.GramSingle",
        "RopeKernels.Rope",
        "StatisticsKernels.AddSplits",
        "StatisticsKernels.ColumnDot",
        "StatisticsKernels.ColumnSums",
        "StorageKernels.AddPositions",
        "StorageKernels.GatherColumns",
        "StorageKernels.Narrow",
        "StorageKernels.ScatterColumns",
        "StorageKernels.WidenRows",
        "SurgeonKernels.Compensate",
        "SurgeonKernels.Saliency",
    ];

    private static readonly Context Context = Context.Create(builder =>
        builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive).EnableAlgorithms()
    );

    [OneTimeTearDown]
    public void DisposeContext() => Context.Dispose();

    [Test]
    public void The_list_names_every_kernel_of_the_assembly() =>
        Assert.That(KernelMethods().Select(Name).Order(StringComparer.Ordinal), Is.EqualTo(Kernels));

    [TestCase(CudaMajor.Volta), TestCase(CudaMajor.Ampere), TestCase(CudaMajor.Hopper)]
    public void Every_kernel_compiles_to_PTX_without_local_memory_or_calls(CudaMajor major)
    {
        var architecture = new CudaArchitecture((int)major, 0);
        using var backend = new PTXBackend(
            Context,
            new CudaCapabilityContext(architecture),
            architecture,
            CudaInstructionSet.ISA_80,
            null!
        );
        int total = 0;
        foreach (var method in KernelMethods())
        {
            var kernel = (PTXCompiledKernel)
                backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(method), new KernelSpecialization());
            string ptx = kernel.PTXAssembly;
            TestContext.Out.WriteLine(
                $"{Name(method), -36} sm_{(int)major}0 {ptx.Length, 7} bytes, {Regex.Count(ptx, @"\.v4\."), 3} vector loads and stores"
            );
            total += ptx.Length;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(
                    ptx,
                    Does.Contain($".target sm_{Math.Min((int)major * 10, 80)}"),
                    "ILGPU writes no newer target than sm_80; the driver compiles on for the device"
                );
                Assert.That(ptx, Does.Contain(".visible .entry"), Name(method));
                Assert.That(ptx, Does.Not.Contain("sqrt.approx"), $"{Name(method)} takes an approximate root");
                Assert.That(ptx, Does.Not.Contain(".local"), $"{Name(method)} spills to local memory");
                Assert.That(Regex.IsMatch(ptx, @"\bcall\b"), Is.False, $"{Name(method)} calls a function that was not inlined");
                Assert.That(ptx, Has.Length.LessThan(LargestPtx), Name(method));
            }
        }
        TestContext.Out.WriteLine($"{Kernels.Length} kernels, {total} bytes");
    }

    /// <summary>Where NVIDIA's assembler is: registers of every kernel, and none of them spilled.</summary>
    [TestCase(CudaMajor.Volta), TestCase(CudaMajor.Ampere), TestCase(CudaMajor.Hopper)]
    public void The_assembler_spills_no_register(CudaMajor major)
    {
        string? assembler = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Concat(
                new[] { "CUDA_PATH", "CUDA_HOME" }.Select(name =>
                    Path.Combine(Environment.GetEnvironmentVariable(name) ?? "/usr/local/cuda", "bin")
                )
            )
            .Select(folder => Path.Combine(folder, "ptxas"))
            .FirstOrDefault(File.Exists);
        if (assembler is null)
            Assert.Ignore("There is no ptxas on this machine: registers and spills were not read.");
        string file = Path.GetTempFileName();
        var architecture = new CudaArchitecture((int)major, 0);
        using var backend = new PTXBackend(
            Context,
            new CudaCapabilityContext(architecture),
            architecture,
            CudaInstructionSet.ISA_80,
            null!
        );
        try
        {
            // CUDA 13 has dropped Volta.
            if (!Supported(assembler!).Contains($"sm_{(int)major}0", StringComparison.Ordinal))
                Assert.Ignore($"{assembler} knows no sm_{(int)major}0.");
            using (Assert.EnterMultipleScope())
                foreach (var method in KernelMethods())
                {
                    File.WriteAllText(
                        file,
                        (
                            (PTXCompiledKernel)
                                backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(method), new KernelSpecialization())
                        ).PTXAssembly
                    );
                    using var process = Process.Start(
                        new ProcessStartInfo(assembler!, ["--verbose", $"--gpu-name=sm_{(int)major}0", "--output-file", "/dev/null", file])
                        {
                            RedirectStandardError = true,
                        }
                    )!;
                    string report = process.StandardError.ReadToEnd();
                    process.WaitForExit();
                    Assert.That(process.ExitCode, Is.Zero, report);
                    TestContext.Out.WriteLine($"{Name(method), -36} sm_{(int)major}0 {Regex.Match(report, @"Used \d+ registers").Value}");
                    Assert.That(report, Does.Contain(" 0 bytes spill stores, 0 bytes spill loads"), Name(method));
                }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Supported(string assembler)
    {
        using var process = Process.Start(new ProcessStartInfo(assembler, ["--help"]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd();
    }

    [Test]
    public void Kernels_use_the_storage_type_numbers_of_the_library()
    {
        foreach (var field in typeof(StorageTypes).GetFields())
            Assert.That((int)field.GetRawConstantValue()!, Is.EqualTo((int)Enum.Parse<Tensors.DType>(field.Name)), field.Name);
    }

    /// <summary>Compute capability x.0.</summary>
    public enum CudaMajor
    {
        Volta = 7,
        Ampere = 8,
        Hopper = 9,
    }

    private static IEnumerable<MethodInfo> KernelMethods() =>
        typeof(Float4)
            .Assembly.GetTypes()
            .Where(type => type.IsPublic && type.Name.EndsWith("Kernels", StringComparison.Ordinal))
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .OrderBy(Name, StringComparer.Ordinal);

    private static string Name(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";
}
