using BenchmarkDotNet.Attributes;

namespace SvdSurgeon.Benchmarks;

/// <summary>Every kernel of the forward and backward passes that is no plain product.</summary>
[Config(typeof(Settings))]
public class PassBenchmarks
{
    private static readonly PassKernels s_kernels = new(0);

    public static IEnumerable<PassKernel> Kernels => s_kernels.All();

    [ParamsSource(nameof(Kernels))]
    public PassKernel Kernel { get; set; } = new("", 0, 0, () => { });

    [Benchmark]
    public void Managed() => Kernel.Run();
}
