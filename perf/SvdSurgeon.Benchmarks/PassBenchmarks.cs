using BenchmarkDotNet.Attributes;

namespace SvdSurgeon.Benchmarks;

/// <summary>Every kernel of the forward and backward passes that is no plain product.</summary>
[Config(typeof(Settings))]
public class PassBenchmarks
{
    // Made once: BenchmarkDotNet asks for the source again for every kernel.
    private static readonly Lazy<PassKernel[]> s_kernels = new(() => [.. new PassKernels(threads: 0).All()]);

    public static IEnumerable<PassKernel> Kernels => s_kernels.Value;

    [ParamsSource(nameof(Kernels))]
    public PassKernel Kernel { get; set; } = new("", 0, 0, () => { });

    [Benchmark]
    public void Managed() => Kernel.Run();
}
