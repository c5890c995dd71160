using BenchmarkDotNet.Attributes;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Benchmarks;

/// <summary>A product of the shapes that the compressor meets: T tokens through an out × in weight.</summary>
public sealed record ProductSize(int M, int N, int K) : IWork
{
    public double Operations => 2.0 * M * N * K;

    public override string ToString() => $"{M}x{N}x{K}";
}

/// <summary>c = a bᵀ in float32.</summary>
[Config(typeof(Settings))]
public unsafe class ProductBenchmarks
{
    private readonly ThreadTeam _team = new(Environment.ProcessorCount);
    private float[] _a = [],
        _b = [],
        _c = [];

    public static IEnumerable<ProductSize> Sizes =>
        [
            new(512, 768, 768),
            new(2048, 3072, 768),
            new(2048, 2048, 2048),
            new(512, 576, 576),
            new(512, 192, 576),
            new(512, 1536, 576),
            new(512, 576, 1536),
            new(512, 25, 576),
            new(512, 300, 576),
        ];

    [ParamsSource(nameof(Sizes))]
    public ProductSize Size { get; set; } = new(1, 1, 1);

    [GlobalSetup]
    public void Setup()
    {
        _a = Numbers.Singles(Size.M * Size.K);
        _b = Numbers.Singles(Size.N * Size.K);
        _c = new float[Size.M * Size.N];
    }

    [GlobalCleanup]
    public void Cleanup() => _team.Dispose();

    [Benchmark]
    public void Managed()
    {
        fixed (
            float* a = _a,
                b = _b,
                c = _c
        )
            Gemm.Multiply(_team, Size.M, Size.N, Size.K, a, Size.K, false, b, Size.K, true, c, Size.N, false);
    }

    [Benchmark(Baseline = true)]
    public void OpenBlasSgemm()
    {
        fixed (
            float* a = _a,
                b = _b,
                c = _c
        )
            SystemBlas.Functions.Sgemm(101, 111, 112, Size.M, Size.N, Size.K, 1, a, Size.K, b, Size.K, 0, c, Size.N);
    }
}

/// <summary>y = x Wᵀ from each storage type: one token (decoding) and 512.</summary>
[Config(typeof(Settings))]
public class LinearBenchmarks
{
    private readonly CpuBackend _backend = new();
    private StoredTensor? _weight;
    private Tensor? _x,
        _y;

    public static IEnumerable<ProductSize> Sizes => [new(1, 1536, 576), new(1, 4096, 4096), new(512, 1536, 576)];

    [ParamsSource(nameof(Sizes))]
    public ProductSize Size { get; set; } = new(1, 1, 1);

    [Params(DType.F32, DType.F16, DType.BF16, DType.Q4_1)]
    public DType Storage { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        if (Storage.IsQuantized())
            _weight = StoredTensor.FromBytes(
                "w",
                Storage,
                [Size.N, Size.K],
                GC.AllocateArray<byte>((int)Storage.ByteCount((long)Size.N * Size.K), pinned: true)
            );
        else
            _weight = StoredTensor.FromSingles("w", [Size.N, Size.K], Numbers.Singles(Size.N * Size.K), Storage);
        _x = _backend.Allocate(Size.M, Size.K);
        _y = _backend.Allocate(Size.M, Size.N);
        _backend.Upload(Numbers.Singles(Size.M * Size.K), _x);
    }

    [GlobalCleanup]
    public void Cleanup() => _backend.Dispose();

    [Benchmark]
    public void Managed() => _backend.Linear(_x!, _weight!, null, _y!);
}

/// <summary>xᵀx of 2,048 tokens; the operations counted are those of one triangle.</summary>
[Config(typeof(Settings))]
public unsafe class GramBenchmarks
{
    private const int Tokens = 2048;
    private readonly CpuBackend _backend = new();
    private GramAccumulatorOf _gram = new();
    private float[] _c = [],
        _numbers = [];

    public static IEnumerable<GramSize> Sizes => [new(576), new(1536), new(3072)];

    [ParamsSource(nameof(Sizes))]
    public GramSize Size { get; set; } = new(1);

    /// <summary>Width of the Gram matrix.</summary>
    public sealed record GramSize(int N) : IWork
    {
        public double Operations => (double)Tokens * N * N;

        public override string ToString() => $"{N}";
    }

    [GlobalSetup]
    public void Setup()
    {
        _numbers = Numbers.Singles(Tokens * Size.N);
        var x = _backend.Allocate(Tokens, Size.N);
        _backend.Upload(_numbers, x);
        _gram = new GramAccumulatorOf { Accumulator = _backend.CreateGram(Size.N), X = x };
        _c = new float[Size.N * Size.N];
    }

    [GlobalCleanup]
    public void Cleanup() => _backend.Dispose();

    [Benchmark]
    public void Managed() => _gram.Accumulator!.Add(_gram.X!);

    [Benchmark(Baseline = true)]
    public void OpenBlasSsyrk()
    {
        fixed (
            float* x = _numbers,
                c = _c
        )
            SystemBlas.Ssyrk(101, 122, 112, Size.N, Tokens, 1, x, Size.N, 0, c, Size.N);
    }

    private sealed class GramAccumulatorOf
    {
        public Backends.GramAccumulator? Accumulator { get; init; }
        public Tensor? X { get; init; }
    }
}
