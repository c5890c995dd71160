using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.SystemBlas;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Backends;

/// <summary>Products through the BLAS of the system, of shapes that are cut into several stripes, beside ours.</summary>
[TestFixture, Category("Slow")]
public sealed class SystemProductsTests
{
    // Of the square root of k: both sides sum products of standard normal numbers in float32, in other orders.
    private const double Tolerance = 2e-6;

    private static readonly (int M, int N, int K)[] Shapes = [(900, 70, 33), (70, 1000, 40), (390, 388, 129), (12, 5, 700), (1, 1, 1)];

    [Test, Combinatorial]
    public void MatMul_equals_ours([Values] bool transposeA, [Values] bool transposeB, [Values] bool accumulate)
    {
        foreach (var (m, n, k) in Shapes)
            AssertSame(
                k,
                backend =>
                {
                    using var a = transposeA ? Random(backend, k, m, 1) : Random(backend, m, k, 1);
                    using var b = transposeB ? Random(backend, n, k, 2) : Random(backend, k, n, 2);
                    using var c = Random(backend, m, n, 3);
                    backend.MatMul(a, transposeA, b, transposeB, c, accumulate);
                    return Numbers(backend, c);
                }
            );
    }

    [Test]
    public unsafe void A_negated_factor_is_subtracted([Values] bool negateA, [Values] bool negateB)
    {
        using var team = new ThreadTeam(2);
        foreach (var (m, n, k) in Shapes)
        {
            float[] a = RandomNumbers.Singles(1, m * k),
                b = RandomNumbers.Singles(2, k * n),
                ours = RandomNumbers.Singles(3, m * n),
                theirs = (float[])ours.Clone();
            fixed (
                float* pa = a,
                    pb = b,
                    pOurs = ours,
                    pTheirs = theirs
            )
            {
                Operand<float> left = new(pa, k, rowsAlongK: false) { IsNegated = negateA },
                    right = new(pb, n, rowsAlongK: true) { IsNegated = negateB };
                ManagedProducts.Instance.Run(team, new ProductShape<float>(m, n, k, pOurs, n, true), left, right);
                new SystemProducts(FoundBlas.Library.Functions).Run(team, new ProductShape<float>(m, n, k, pTheirs, n, true), left, right);
            }
            Assert.That(theirs, Is.EqualTo(ours).Within(Tolerance * Math.Sqrt(k) * Math.Max(1, Math.Log2(k))), $"{m} × {n} × {k}");
        }
    }

    [Test, Combinatorial]
    public void Linear_and_its_backward_equal_ours(
        [Values(DType.F32, DType.BF16)] DType type,
        [Values(0, 9, 500)] int tokens,
        [Values] bool bias,
        [Values] bool accumulate
    )
    {
        const int outputs = 450,
            inputs = 130;
        var weight = StoredTensor.FromSingles("w", [outputs, inputs], RandomNumbers.Singles(4, outputs * inputs), type);
        var b = bias ? StoredTensor.FromSingles("b", [outputs], RandomNumbers.Singles(5, outputs), type) : null;
        AssertSame(
            inputs,
            backend =>
            {
                using var x = Random(backend, tokens, inputs, 6);
                using var y = Random(backend, tokens, outputs, 7);
                backend.Linear(x, weight, b, y, accumulate);
                return Numbers(backend, y);
            }
        );
        AssertSame(
            outputs,
            backend =>
            {
                using var dy = Random(backend, tokens, outputs, 8);
                using var dx = Random(backend, tokens, inputs, 9);
                backend.LinearBackward(dy, weight, dx, accumulate);
                return Numbers(backend, dx);
            }
        );
    }

    [Test]
    public void A_product_over_nothing_leaves_bias_and_sum()
    {
        var weight = StoredTensor.FromSingles("w", [3, 0], []);
        var bias = StoredTensor.FromSingles("b", [3], [1, 2, 3]);
        using var backend = new CpuBackend(1, FoundBlas.Library);
        using var x = backend.Allocate(20, 0);
        using var y = backend.Allocate(20, 3);
        backend.Fill(y, 10);
        backend.Linear(x, weight, bias, y, accumulate: true);
        Assert.That(Numbers(backend, y)[^3..], Is.EqualTo(new float[] { 11, 12, 13 }));
    }

    [Test]
    public void Gram_matrices_equal_ours() =>
        AssertSame(
            300,
            squares: true,
            compute: backend =>
            {
                using var x = Random(backend, 300, 811, 10);
                using var gram = backend.CreateGram(811);
                gram.Add(x);
                return gram.ToMatrix().ToSingles();
            }
        );

    [Test]
    public void One_and_three_threads_give_the_same_bytes()
    {
        using CpuBackend one = new(1, FoundBlas.Library),
            three = new(3, FoundBlas.Library);
        foreach (var (m, n, k) in Shapes)
        {
            float[] first = Product(one),
                second = Product(three);
            Assert.That(second, Is.EqualTo(first), $"{m} × {n} × {k}");

            float[] Product(CpuBackend backend)
            {
                using var a = Random(backend, m, k, 11);
                using var b = Random(backend, k, n, 12);
                using var c = backend.Allocate(m, n);
                backend.MatMul(a, false, b, false, c);
                return Numbers(backend, c);
            }
        }
    }

    [Test]
    public void The_description_names_the_library()
    {
        using var backend = new CpuBackend(1, FoundBlas.Library);
        Assert.That(backend.Description, Does.Contain(FoundBlas.Library.Name));
    }

    private static void AssertSame(int k, Func<IBackend, float[]> compute, bool squares = false)
    {
        using CpuBackend managed = new(2),
            system = new(2, FoundBlas.Library);
        float[] expected = compute(managed),
            actual = compute(system);
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(expected[i] - actual[i]);
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }
        // A sum of k products is itself about √k; one of squares, k.
        Assert.That(worst, Is.LessThanOrEqualTo(Tolerance * (squares ? k : Math.Sqrt(k) * Math.Max(1, Math.Log2(k)))));
    }

    private static Tensor Random(IBackend backend, int rows, int columns, int seed)
    {
        var tensor = backend.Allocate(rows, columns);
        backend.Upload(RandomNumbers.Singles(seed, rows * columns), tensor);
        return tensor;
    }

    private static float[] Numbers(IBackend backend, Tensor x)
    {
        var values = new float[x.Length];
        backend.Download(x, values);
        return values;
    }
}
