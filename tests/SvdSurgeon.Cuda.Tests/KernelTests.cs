using ILGPU;
using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>Kernels that no operation of the contract reaches, on the simulator and on a GPU.</summary>
[TestFixture("simulator"), TestFixture("gpu")]
public sealed class KernelTests(string device)
{
    private CudaBackend _backend = null!;

    [OneTimeSetUp]
    public void Open() => _backend = Devices.Open(device);

    [OneTimeTearDown]
    public void Close() => _backend?.Dispose();

    [TestCase(DType.BF16), TestCase(DType.F16)]
    public void Narrowing_rounds_as_the_library_does(DType type)
    {
        float[] x =
        [
            0,
            -0f,
            1,
            -1,
            1.00390625f,
            1.01171875f,
            65504,
            65519.996f,
            65520,
            -1e30f,
            float.MaxValue,
            6.1035156e-5f,
            6.0e-5f,
            5.9604645e-8f,
            2.9802322e-8f,
            2.98023224e-8f * 1.0001f,
            1e-40f,
            float.PositiveInfinity,
            float.NegativeInfinity,
            float.NaN,
            .. RandomNumbers.Singles(1, 100),
            .. RandomNumbers.Singles(2, 50).Select(v => v * 1e-6f),
        ];
        var expected = new ushort[x.Length];
        Widening.FromSingle(x, type, System.Runtime.InteropServices.MemoryMarshal.AsBytes(expected.AsSpan()));
        using var block = _backend.Pool.Rent(x.Length * 6);
        ArrayView<float> wide = block.As<float>(x.Length);
        var narrow = block.As<ushort>(x.Length * 3).SubView(x.Length * 2, x.Length);
        Transfer.Upload(_backend.Stream, x, wide);
        _backend.Kernels.Narrow(_backend.Stream, _backend.Launch.Flat(x.Length), wide, narrow, (int)type);
        var actual = new ushort[x.Length];
        Transfer.Download(_backend.Stream, narrow, actual.AsSpan());
        for (int i = 0; i < x.Length; i++)
            if (float.IsNaN(x[i]))
                Assert.That(actual[i] & 0x7FFF, Is.GreaterThan(type == DType.F16 ? 0x7C00 : 0x7F80));
            else
                Assert.That(actual[i], Is.EqualTo(expected[i]), $"{x[i]:R}");
    }

    [Test]
    public void Gram_matrices_of_16_bit_inputs_are_exact_to_their_sums([Values(DType.BF16, DType.F16)] DType type)
    {
        const int rows = 70,
            n = 21;
        var values = StoredTensor.FromSingles("x", [rows, n], RandomNumbers.Singles(1, rows * n), type);
        float[] x = values.ToSingles();
        using var block = _backend.Pool.Rent(rows * n * 2);
        Transfer.Upload(_backend.Stream, values.Address, block.As<byte>(rows * n * 2));
        using var single = _backend.Pool.Rent(n * n * sizeof(float));
        using var wide = _backend.Pool.Rent(n * n * sizeof(double));
        Transfer.Upload(_backend.Stream, new float[n * n], single.As<float>(n * n));
        Transfer.Upload(_backend.Stream, new double[n * n], wide.As<double>(n * n));
        int tiles = _backend.Launch.TilesFor(n);
        _backend.Kernels.GramSingle(
            _backend.Stream,
            _backend.Launch.Tiles(tiles, tiles),
            block.As<ushort>(rows * n),
            (int)type,
            single.As<float>(n * n),
            rows,
            n
        );
        _backend.Kernels.GramDouble(
            _backend.Stream,
            _backend.Launch.Tiles(tiles, tiles),
            block.As<ushort>(rows * n),
            (int)type,
            wide.As<double>(n * n),
            rows,
            n
        );
        var (s, d) = (new float[n * n], new double[n * n]);
        Transfer.Download(_backend.Stream, single.As<float>(n * n), s.AsSpan());
        Transfer.Download(_backend.Stream, wide.As<double>(n * n), d.AsSpan());
        for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
        {
            double expected = 0;
            for (int t = 0; t < rows; t++)
                expected += (double)x[t * n + i] * x[t * n + j];
            Assert.That(s[i * n + j], Is.EqualTo(expected).Within(1e-4));
            Assert.That(d[i * n + j], Is.EqualTo(expected).Within(2e-5));
        }
    }

    [Test]
    public void A_batch_of_modules_is_corrected_as_one_module_is()
    {
        using var cpu = new Backends.Cpu.CpuBackend(1);
        var la = cpu.LinearAlgebra;
        SurgeonModule[] modules = [Module(la, 1, 5, 3), Module(la, 2, 14, 9), Module(la, 3, 9, 9), Module(la, 4, 3, 1)];
        var batch = new SurgeonBatch(_backend);
        var options = new SurgeonOptions { Scale = 0.7, Damping = 1e-3 };
        var corrected = batch.Compensate(modules, options.Scale, options.Damping);
        var saliencies = batch.Saliencies(modules, 0.1);
        for (int i = 0; i < modules.Length; i++)
        {
            var pool = FisherPool.FromMatrix(la, modules[i].Fisher);
            AssertClose(corrected[i], Surgeon.Compensate(la, modules[i].Sigma, pool, modules[i].Kept, options));
            AssertClose(saliencies[i], Surgeon.Saliencies(la, modules[i].Sigma, pool, 0.1));
        }
    }

    [Test]
    public void A_module_whose_Fisher_cannot_be_factored_is_left_to_the_eigen_decomposition()
    {
        using var cpu = new Backends.Cpu.CpuBackend(1);
        var module = new SurgeonModule([3, 2, 1], new Matrix(3, 3, [1, 1, 0.5, 1, 1, 0.5, 0.5, 0.5, 1]), [0, 1]);
        var corrected = new SurgeonBatch(_backend).Compensate([module, Module(cpu.LinearAlgebra, 1, 5, 3)], 1, 0);
        AssertClose(
            corrected[0],
            Surgeon.Compensate(
                cpu.LinearAlgebra,
                module.Sigma,
                FisherPool.FromMatrix(cpu.LinearAlgebra, module.Fisher),
                module.Kept,
                new SurgeonOptions { Damping = 0 }
            )
        );
    }

    [Test]
    public void A_Fisher_of_fewer_samples_than_components_is_solved_by_its_eigenvalues_when_it_is_not_damped()
    {
        using var cpu = new Backends.Cpu.CpuBackend(1);
        var la = cpu.LinearAlgebra;
        var g = new Matrix(4, 12, RandomNumbers.Doubles(5, 4 * 12));
        SurgeonModule module = Module(la, 1, 12, 8) with { Fisher = la.Multiply(g, g, transposeA: true) };
        var corrected = new SurgeonBatch(_backend).Compensate([module, Module(la, 2, 5, 3)], 1, 0);
        AssertClose(
            corrected[0],
            Surgeon.Compensate(la, module.Sigma, FisherPool.FromMatrix(la, module.Fisher), module.Kept, new SurgeonOptions { Damping = 0 }),
            1e-6
        );
    }

    private static SurgeonModule Module(ILinearAlgebra la, int seed, int pool, int rank)
    {
        var g = new Matrix(pool + 4, pool, RandomNumbers.Doubles(seed, (pool + 4) * pool));
        double[] sigma = [.. Enumerable.Range(0, pool).Select(i => 10.0 / (i + 1))];
        return new SurgeonModule(
            sigma,
            la.Multiply(g, g, transposeA: true),
            [.. Enumerable.Range(0, pool).Where(i => i != 1 || rank == pool).Take(rank)]
        );
    }

    private static void AssertClose(double[] actual, double[] expected, double tolerance = 1e-9)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        for (int i = 0; i < actual.Length; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(tolerance * Math.Max(1, Math.Abs(expected[i]))));
    }
}
