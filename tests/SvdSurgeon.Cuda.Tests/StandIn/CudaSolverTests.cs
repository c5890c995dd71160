using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Cuda.VendorLibraries;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Cuda.Tests.StandIn;

/// <summary>Every way to a decomposition against the managed one in float64, and which way is taken.</summary>
public sealed class CudaSolverTests
{
    private const double Tolerance = 1e-11; // of the largest singular value

    private CudaBackend _backend = null!;
    private CudaSolver _solver = null!;
    private readonly CpuBackend _cpu = new(1);

    [OneTimeSetUp]
    public void Open()
    {
        _backend = StandInLibraries.Open();
        _solver = (CudaSolver)_backend.LinearAlgebra;
    }

    [OneTimeTearDown]
    public void Close()
    {
        _backend?.Dispose();
        _cpu.Dispose();
    }

    [Test]
    public void Every_method_finds_the_singular_values_and_vectors(
        [Values("Jacobi", "Qr", "GramEigen", "Polar")] string method,
        [Values(1, 7, 20)] int rows,
        [Values(7, 31)] int columns
    )
    {
        var a = new Matrix(rows, columns, RandomNumbers.Doubles(rows, rows * columns));
        var (u, sigma, vt) = _solver.Svd(a, Enum.Parse<SvdMethod>(method));
        var expected = _cpu.LinearAlgebra.Svd(a);
        for (int i = 0; i < sigma.Length; i++)
            Assert.That(sigma[i], Is.EqualTo(expected.Sigma[i]).Within(Tolerance * sigma[0]));
        AssertRebuilds(a, u, sigma, vt);
    }

    [Test]
    public void A_singular_matrix_is_passed_on_from_the_Gram_matrix_to_a_method_that_knows_all_vectors()
    {
        var half = new Matrix(3, 12, RandomNumbers.Doubles(1, 36));
        var a = _cpu.LinearAlgebra.Multiply(new Matrix(6, 3, RandomNumbers.Doubles(2, 18)), half);
        Assert.That(() => _solver.Svd(a, SvdMethod.GramEigen), Throws.InstanceOf<NumericalException>());
        var (u, sigma, vt) = _solver.Svd(a, SvdMethod.GramEigen, SvdMethod.Polar);
        AssertRebuilds(a, u, sigma, vt);
        Assert.That(sigma[3..].Max(), Is.LessThan(1e-12 * sigma[0]));
    }

    [Test]
    public void A_Gram_matrix_that_loses_the_small_values_is_not_accepted()
    {
        // Singular values over 7 decades: squared, the smallest drown in the rounding of the largest.
        var q = _cpu.LinearAlgebra.Svd(new Matrix(8, 16, RandomNumbers.Doubles(5, 128)));
        var scaled = q.U.Clone();
        for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++)
            scaled[i, j] *= Math.Pow(10, -j);
        var a = _cpu.LinearAlgebra.Multiply(scaled, q.Vt);
        Assert.That(() => _solver.Svd(a, SvdMethod.GramEigen), Throws.InstanceOf<NumericalException>());
        var (_, sigma, _) = _solver.Svd(a, SvdMethod.GramEigen, SvdMethod.Polar);
        for (int j = 0; j < 8; j++)
            Assert.That(sigma[j], Is.EqualTo(Math.Pow(10, -j)).Within(1e-13));
    }

    [TestCase(20, 30, "Jacobi Qr"), TestCase(20, 500, "Qr"), TestCase(4096, 4096, "Polar Qr"), TestCase(4096, 11008, "GramEigen Polar Qr")]
    public void The_method_is_chosen_by_size(int m, int n, string methods) =>
        Assert.That(string.Join(' ', CudaSolver.Methods(m, n, new CudaLimits())), Is.EqualTo(methods));

    [TestCase(5, 9), TestCase(9, 5), TestCase(40, 33), TestCase(12, 50)]
    public void Matrices_of_one_shape_are_decomposed_together_as_alone(int rows, int columns)
    {
        int before = _solver.HeldInBatches;
        Matrix[] all = [.. Enumerable.Range(0, 3).Select(seed => new Matrix(rows, columns, RandomNumbers.Doubles(seed, rows * columns)))];
        var together = _solver.Svd(all);
        for (int i = 0; i < all.Length; i++)
        {
            AssertRebuilds(all[i], together[i].U, together[i].Sigma, together[i].Vt);
            Assert.That(together[i].Sigma, Is.EqualTo(_solver.Svd(all[i]).Sigma).Within(Tolerance * together[i].Sigma[0]));
        }
        Assert.That(_solver.HeldInBatches, Is.EqualTo(before + all.Length));
    }

    [Test]
    public void A_matrix_that_a_batch_cannot_serve_is_decomposed_again_alone()
    {
        int before = _solver.HeldInBatches;
        var singular = _cpu.LinearAlgebra.Multiply(
            new Matrix(34, 3, RandomNumbers.Doubles(1, 34 * 3)),
            new Matrix(3, 40, RandomNumbers.Doubles(2, 3 * 40))
        );
        var regular = new Matrix(34, 40, RandomNumbers.Doubles(3, 34 * 40));
        var together = _solver.Svd([singular, regular]);
        AssertRebuilds(singular, together[0].U, together[0].Sigma, together[0].Vt);
        AssertRebuilds(regular, together[1].U, together[1].Sigma, together[1].Vt);
        Assert.That(_solver.HeldInBatches, Is.EqualTo(before + 1), "the singular one went on to QR");
    }

    [Test]
    public void The_limits_between_methods_are_options()
    {
        using var backend = StandInLibraries.Open(
            new CudaOptions
            {
                Limits = new CudaLimits { LargestBatchedEigen = 0, LargestSurgeonPool = 7 },
            }
        );
        Assert.That(backend.LinearAlgebra.LargestBatchedSide, Is.EqualTo(32), "what Jacobi takes");
        Assert.That(_solver.LargestBatchedSide, Is.EqualTo(1024));
        Assert.That(backend.SurgeonBatch.LargestPool, Is.EqualTo(7));
        Assert.That(CudaSolver.Methods(40, 40, new CudaLimits { LargestQr = 33 }), Is.EqualTo(new[] { SvdMethod.Polar, SvdMethod.Qr }));
    }

    [Test]
    public void Products_pin_the_row_major_contract_of_the_seam(
        [Values] bool transposeA,
        [Values] bool transposeB,
        [Values] bool accumulate,
        [Values(DType.F32, DType.BF16, DType.F16)] DType type
    )
    {
        // The managed libraries state the contract in plain loops; both must agree on a shape with three different sides.
        const int m = 3,
            n = 5,
            k = 7;
        float[] start = RandomNumbers.Singles(3, m * n);
        var a = StoredTensor.FromSingles("a", [m * k], RandomNumbers.Singles(1, m * k), type);
        var b = StoredTensor.FromSingles("b", [k * n], RandomNumbers.Singles(2, k * n), type);
        using var managed = new ManagedLibraries();
        Assert.That(Product(_backend.Libraries), Is.EqualTo(Product(managed)).Within(1e-6f));

        unsafe float[] Product(IVendorLibraries libraries)
        {
            float[] c = [.. start];
            fixed (float* p = c)
                libraries.Multiply(
                    new Product(
                        m,
                        n,
                        k,
                        a.Address,
                        transposeA,
                        b.Address,
                        transposeB,
                        (nint)p,
                        type,
                        accumulate,
                        TensorCores: type == DType.F32
                    )
                );
            return c;
        }
    }

    [Test]
    public unsafe void A_symmetric_product_writes_the_lower_triangle([Values] bool tensorCores)
    {
        const int rows = 6,
            n = 4;
        float[] x = RandomNumbers.Singles(1, rows * n),
            expected = new float[n * n],
            actual = new float[n * n];
        using var managed = new ManagedLibraries();
        fixed (
            float* px = x,
                pe = expected,
                pa = actual
        )
        {
            managed.SymmetricProduct((nint)px, rows, n, (nint)pe, tensorCores);
            _backend.Libraries.SymmetricProduct((nint)px, rows, n, (nint)pa, tensorCores);
        }
        for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            Assert.That(actual[i * n + j], Is.EqualTo(expected[i * n + j]).Within(1e-6f));
    }

    private void AssertRebuilds(Matrix a, Matrix u, double[] sigma, Matrix vt)
    {
        var scaled = u.Clone();
        for (int i = 0; i < u.Rows; i++)
        for (int j = 0; j < sigma.Length; j++)
            scaled[i, j] *= sigma[j];
        var product = _cpu.LinearAlgebra.Multiply(scaled, vt);
        for (int i = 0; i < a.Data.Length; i++)
            Assert.That(product.Data[i], Is.EqualTo(a.Data[i]).Within(Tolerance * sigma[0]));
        foreach (
            var gram in new[] { _cpu.LinearAlgebra.Multiply(u, u, transposeA: true), _cpu.LinearAlgebra.Multiply(vt, vt, transposeB: true) }
        )
            for (int i = 0; i < gram.Rows; i++)
            for (int j = 0; j < gram.Rows; j++)
                Assert.That(gram[i, j], Is.EqualTo(i == j ? 1 : 0).Within(1e-9));
    }
}
