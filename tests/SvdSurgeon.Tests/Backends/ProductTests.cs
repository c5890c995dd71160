using NUnit.Framework;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Backends;

public sealed class ProductTests(string instructionSet) : EveryInstructionSet(instructionSet)
{
    // float32 sums of at most 4,200 products of standard normal numbers.
    private const double Tolerance = 2e-4;

    private static readonly (int M, int N, int K)[] Shapes =
    [
        (1, 1, 1),
        (1, 7, 16),
        (2, 31, 33),
        (7, 2, 64),
        (16, 17, 31),
        (17, 100, 1),
        (33, 16, 300),
        (64, 64, 64),
        (24, 48, 1100),
        (2400, 3, 9),
        (3, 3100, 5),
        (100, 25, 130),
        (5, 130, 257),
    ];

    [Test, Combinatorial]
    public void MatMul_equals_the_float64_product(
        [Values] bool transposeA,
        [Values] bool transposeB,
        [Values] bool accumulate,
        [Values(1, 2)] int threads
    )
    {
        using var backend = new CpuBackend(threads);
        foreach (var (m, n, k) in Shapes)
        {
            float[] a = RandomNumbers.Singles(1, m * k),
                b = RandomNumbers.Singles(2, k * n),
                start = RandomNumbers.Singles(3, m * n);
            using var ta = transposeA ? Tensor(backend, k, m, a) : Tensor(backend, m, k, a);
            using var tb = transposeB ? Tensor(backend, n, k, b) : Tensor(backend, k, n, b);
            using var tc = Tensor(backend, m, n, start);
            backend.MatMul(ta, transposeA, tb, transposeB, tc, accumulate);
            var c = Numbers(backend, tc);
            for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                double sum = accumulate ? start[i * n + j] : 0;
                for (int p = 0; p < k; p++)
                    sum += (double)(transposeA ? a[p * m + i] : a[i * k + p]) * (transposeB ? b[j * k + p] : b[p * n + j]);
                Assert.That(c[i * n + j], Is.EqualTo(sum).Within(Tolerance), $"{m} × {n} × {k} at ({i}, {j})");
            }
        }
    }

    [Test, Combinatorial]
    public unsafe void A_negated_factor_subtracts_the_same_product(
        [Values] bool transposeA,
        [Values] bool transposeB,
        [Values] bool negateA,
        [Values] bool negateB
    )
    {
        using var team = new ThreadTeam(2);
        // The last has several blocks of k and of columns.
        foreach (var (m, n, k) in Shapes.Append((60, 1700, 350)))
        {
            double[] a = Doubles(1, m * k),
                b = Doubles(2, k * n),
                c = Doubles(3, m * n),
                minusA = [.. a.Select(x => -x)];
            var added = (double[])c.Clone();
            bool subtract = negateA != negateB;
            fixed (
                double* pa = a,
                    pMinus = minusA,
                    pb = b,
                    pc = c,
                    pAdded = added
            )
            {
                int strideA = transposeA ? m : k,
                    strideB = transposeB ? k : n;
                Gemm.Run(
                    team,
                    new ProductShape<double>(m, n, k, pc, n, true),
                    new Operand<double>(pa, strideA, transposeA) { IsNegated = negateA },
                    new Operand<double>(pb, strideB, !transposeB) { IsNegated = negateB }
                );
                Gemm.Multiply(team, m, n, k, subtract ? pMinus : pa, strideA, transposeA, pb, strideB, transposeB, pAdded, n, true);
            }
            Assert.That(c.AsSpan().SequenceEqual(added), $"{m} × {n} × {k}");
        }

        static double[] Doubles(int seed, int count) => [.. RandomNumbers.Singles(seed, count).Select(x => (double)x)];
    }

    [Test]
    public void A_stored_factor_cannot_be_negated()
    {
        var stored = StoredTensor.FromSingles("w", [2, 2], [1, 2, 3, 4], DType.BF16);
        Assert.That(() => new Operand<float>(stored, rowsAlongK: true) { IsNegated = true }, Throws.TypeOf<NotSupportedException>());
    }

    [Test, Combinatorial]
    public void Linear_widens_every_plain_storage_type(
        [Values(DType.F64, DType.F32, DType.F16, DType.BF16)] DType type,
        [Values(1, 2, 5, 16, 70)] int tokens,
        [Values] bool withBias,
        [Values] bool accumulate
    )
    {
        using var backend = new CpuBackend(2);
        foreach (var (outputs, inputs) in new[] { (1, 1), (7, 33), (64, 48), (301, 130) })
        {
            var weight = StoredTensor.FromSingles("w", [outputs, inputs], RandomNumbers.Singles(4, outputs * inputs), type);
            var bias = withBias ? StoredTensor.FromSingles("b", [outputs], RandomNumbers.Singles(5, outputs), type) : null;
            float[] w = weight.ToSingles(),
                b = bias?.ToSingles() ?? new float[outputs];
            float[] x = RandomNumbers.Singles(6, tokens * inputs),
                start = RandomNumbers.Singles(7, tokens * outputs);
            using var tx = Tensor(backend, tokens, inputs, x);
            using var ty = Tensor(backend, tokens, outputs, start);
            backend.Linear(tx, weight, bias, ty, accumulate);
            var y = Numbers(backend, ty);
            for (int t = 0; t < tokens; t++)
            for (int o = 0; o < outputs; o++)
            {
                double sum = b[o] + (accumulate ? start[t * outputs + o] : 0);
                for (int i = 0; i < inputs; i++)
                    sum += (double)x[t * inputs + i] * w[o * inputs + i];
                Assert.That(y[t * outputs + o], Is.EqualTo(sum).Within(Tolerance), $"{outputs} × {inputs} at ({t}, {o})");
            }
        }
    }

    [Test, Combinatorial]
    public void LinearBackward_multiplies_by_the_weight(
        [Values(DType.F64, DType.F32, DType.F16, DType.BF16)] DType type,
        [Values(1, 3, 16, 70)] int tokens,
        [Values] bool accumulate
    )
    {
        using var backend = new CpuBackend(2);
        foreach (var (outputs, inputs) in new[] { (1, 1), (7, 33), (64, 48), (301, 130), (130, 301) })
        {
            var weight = StoredTensor.FromSingles("w", [outputs, inputs], RandomNumbers.Singles(4, outputs * inputs), type);
            float[] w = weight.ToSingles(),
                dy = RandomNumbers.Singles(6, tokens * outputs),
                start = RandomNumbers.Singles(7, tokens * inputs);
            using var tdy = Tensor(backend, tokens, outputs, dy);
            using var tdx = Tensor(backend, tokens, inputs, start);
            backend.LinearBackward(tdy, weight, tdx, accumulate);
            var dx = Numbers(backend, tdx);
            for (int t = 0; t < tokens; t++)
            for (int i = 0; i < inputs; i++)
            {
                double sum = accumulate ? start[t * inputs + i] : 0;
                for (int o = 0; o < outputs; o++)
                    sum += (double)dy[t * outputs + o] * w[o * inputs + i];
                Assert.That(dx[t * inputs + i], Is.EqualTo(sum).Within(Tolerance), $"{outputs} × {inputs} at ({t}, {i})");
            }
        }
    }

    [Test, Combinatorial]
    public void Products_with_blocks_widen_whole_blocks([Values(DType.Q8_0, DType.Q4_1, DType.Q6_K)] DType type, [Values(1, 20)] int tokens)
    {
        using var backend = new CpuBackend(2);
        // 2,304 are nine large blocks, and would be cut into steps of 288 if those of 256 did not forbid it.
        int outputs = 40,
            inputs = type == DType.Q6_K ? 2304 : 1120;
        var bytes = GC.AllocateArray<byte>((int)type.ByteCount(outputs * inputs), pinned: true);
        new Random(3).NextBytes(bytes);
        var (_, size) = type.Block();
        for (int block = 0; block < bytes.Length; block += size)
            foreach (
                int scale in type switch
                {
                    DType.Q4_1 => [0, 2],
                    DType.Q6_K => [208],
                    _ => new[] { 0 },
                }
            )
                BitConverter.TryWriteBytes(bytes.AsSpan(block + scale), type == DType.Q6_K ? (Half)0.0004f : (Half)0.01f);
        var weight = StoredTensor.FromBytes("w", type, [outputs, inputs], bytes);
        float[] w = weight.ToSingles(),
            x = RandomNumbers.Singles(6, tokens * inputs);
        using var tx = Tensor(backend, tokens, inputs, x);
        using var ty = backend.Allocate(tokens, outputs);
        using var dx = backend.Allocate(tokens, inputs);
        backend.Linear(tx, weight, null, ty);
        backend.LinearBackward(ty, weight, dx);
        float[] y = Numbers(backend, ty),
            back = Numbers(backend, dx);
        for (int t = 0; t < tokens; t++)
        {
            for (int o = 0; o < outputs; o++)
            {
                double sum = 0;
                for (int i = 0; i < inputs; i++)
                    sum += (double)x[t * inputs + i] * w[o * inputs + i];
                Assert.That(y[t * outputs + o], Is.EqualTo(sum).Within(1e-3));
            }
            for (int i = 0; i < inputs; i++)
            {
                double sum = 0;
                for (int o = 0; o < outputs; o++)
                    sum += (double)y[t * outputs + o] * w[o * inputs + i];
                Assert.That(back[t * inputs + i], Is.EqualTo(sum).Within(1e-2));
            }
        }
    }

    [Test]
    public void Factors_larger_than_the_packing_memory_are_packed_part_by_part()
    {
        // More than 2 MiB of each factor at 150 steps of k: two blocks of rows and of columns.
        const int m = 3600,
            n = 3700,
            k = 300;
        using var backend = new CpuBackend(1);
        float[] a = RandomNumbers.Singles(1, m * k),
            b = RandomNumbers.Singles(2, k * n);
        using var ta = Tensor(backend, m, k, a);
        using var tb = Tensor(backend, k, n, b);
        using var tc = backend.Allocate(m, n);
        backend.MatMul(ta, false, tb, false, tc);
        var c = Numbers(backend, tc);
        for (int i = 0; i < m; i += 137)
        for (int j = 0; j < n; j += 5)
        {
            double sum = 0;
            for (int p = 0; p < k; p++)
                sum += (double)a[i * k + p] * b[p * n + j];
            Assert.That(c[i * n + j], Is.EqualTo(sum).Within(Tolerance));
        }
    }

    [TestCase(1), TestCase(2)]
    public void A_lower_triangle_of_several_blocks_is_whole(int threads)
    {
        const int n = 3700,
            k = 70;
        using var team = new ThreadTeam(threads);
        var a = new Matrix(n, k, [.. RandomNumbers.Singles(1, n * k).Select(x => (double)x)]);
        var gram = MatrixProducts.LowerGram(team, a);
        for (int i = 0; i < n; i += 61)
        for (int j = 0; j <= i; j += 7)
        {
            double sum = 0;
            for (int p = 0; p < k; p++)
                sum += a[i, p] * a[j, p];
            Assert.That(gram[i, j], Is.EqualTo(sum).Within(1e-12), $"({i}, {j})");
        }
    }

    [TestCase(1), TestCase(9), TestCase(40)]
    public void Permuted_rows_give_the_permuted_outputs(int tokens)
    {
        using var backend = new CpuBackend(2);
        var plain = StoredTensor.FromSingles("w", [6, 20], RandomNumbers.Singles(8, 120));
        int[] permutation = [0, 2, 4, 1, 3, 5];
        var permuted = new StoredTensor("w", DType.F32, [6, 20], plain.Address, plain, "memory", permutation);
        float[] x = RandomNumbers.Singles(9, tokens * 20);
        using var tx = Tensor(backend, tokens, 20, x);
        using var y = Tensor(backend, tokens, 6, new float[tokens * 6]);
        backend.Linear(tx, plain, null, y);
        var expected = Numbers(backend, y);
        backend.Linear(tx, permuted, null, y);
        var actual = Numbers(backend, y);
        using var back = Tensor(backend, tokens, 20, new float[tokens * 20]);
        backend.LinearBackward(y, permuted, back);
        var dx = Numbers(backend, back);
        var w = plain.ToSingles();
        for (int t = 0; t < tokens; t++)
        {
            for (int o = 0; o < 6; o++)
                Assert.That(actual[t * 6 + o], Is.EqualTo(expected[t * 6 + permutation[o]]).Within(1e-6));
            double first = 0;
            for (int o = 0; o < 6; o++)
                first += (double)actual[t * 6 + o] * w[permutation[o] * 20];
            Assert.That(dx[t * 20], Is.EqualTo(first).Within(Tolerance));
        }
    }

    [Test]
    public void One_and_two_threads_give_the_same_bytes()
    {
        var weight = StoredTensor.FromSingles("w", [333, 517], RandomNumbers.Singles(10, 333 * 517), DType.BF16);
        var bias = StoredTensor.FromSingles("b", [333], RandomNumbers.Singles(11, 333));
        var results = new List<float[]>();
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using var backend = new CpuBackend(threads);
            var all = new List<float>();
            foreach (int tokens in new[] { 1, 6, 150 })
            {
                using var x = Tensor(backend, tokens, 517, RandomNumbers.Singles(12, tokens * 517));
                using var y = backend.Allocate(tokens, 333);
                using var dx = backend.Allocate(tokens, 517);
                backend.Linear(x, weight, bias, y);
                backend.LinearBackward(y, weight, dx);
                all.AddRange(Numbers(backend, y));
                all.AddRange(Numbers(backend, dx));
                using var gram = backend.CreateGram(517);
                gram.Add(x);
                all.AddRange(gram.ToMatrix().ToSingles());
            }
            results.Add([.. all]);
        }
        Assert.That(results[1], Is.EqualTo(results[0]));
        Assert.That(results[2], Is.EqualTo(results[0]));
    }

    [Test]
    public void A_weight_that_does_not_fit_is_named()
    {
        using var backend = new CpuBackend(1);
        var weight = StoredTensor.FromSingles("layer.weight", [3, 4], new float[12]);
        using var x = backend.Allocate(2, 5);
        using var y = backend.Allocate(2, 3);
        var error = Assert.Throws<ArgumentException>(() => backend.Linear(x, weight, null, y));
        Assert.That(error!.Message, Does.Contain("layer.weight").And.Contain("3 × 4"));
    }

    internal static Tensor Tensor(CpuBackend backend, int rows, int columns, float[] numbers)
    {
        var x = backend.Allocate(rows, columns);
        backend.Upload(numbers, x);
        return x;
    }

    internal static float[] Numbers(CpuBackend backend, Tensor x)
    {
        var numbers = new float[x.Length];
        backend.Download(x, numbers);
        return numbers;
    }
}
