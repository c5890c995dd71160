using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Backends.Contract;

/// <summary>
/// What every backend must do, operation by operation, against float64 references. One fixture a backend derives from it. Shapes are small,
/// because one of the backends takes a millisecond a barrier.
/// </summary>
internal abstract partial class BackendContract
{
    // Of the largest expected value: float32 sums of up to a hundred terms, elementary functions good to a few units in the last place.
    private const double Tolerance = 1e-5;

    /// <summary>The backend under test, opened once for the fixture.</summary>
    protected IBackend Backend { get; private set; } = null!;

    /// <summary>Opens it, or ends the fixture with Assert.Ignore and a reason.</summary>
    protected abstract IBackend Open();

    [OneTimeSetUp]
    public void OpenBackend() => Backend = Open();

    [OneTimeTearDown]
    public void CloseBackend() => Backend?.Dispose();

    private Tensor Tensor(int rows, int columns, float[] values)
    {
        var tensor = Backend.Allocate(rows, columns);
        Backend.Upload(values, tensor);
        return tensor;
    }

    private Tensor Random(int rows, int columns, int seed) => Tensor(rows, columns, Numbers(seed, rows * columns));

    private static float[] Numbers(int seed, int count) => RandomNumbers.Singles(seed, count);

    private float[] Values(Tensor x)
    {
        var values = new float[x.Length];
        Backend.Download(x, values);
        return values;
    }

    private static StoredTensor Stored(int rows, int columns, float[] values, DType type = DType.F32) =>
        StoredTensor.FromSingles("weight", rows == 1 ? [columns] : [rows, columns], values, type);

    private static void AssertClose(ReadOnlySpan<float> actual, double[] expected, string what = "", double tolerance = Tolerance)
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length), what);
        double largest = expected.Max(Math.Abs),
            worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(expected[i] - actual[i]);
            // A comparison with NaN is false: count it as infinitely wrong.
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }
        // The inputs are of order 1: what cancels to 0 exactly is still a difference of rounded numbers.
        Assert.That(worst, Is.LessThanOrEqualTo(tolerance * Math.Max(largest, 0.1)), what);
    }

    // op(a) op(b), m × n over k.
    private static double[] Product(float[] a, bool transposeA, float[] b, bool transposeB, int m, int n, int k, float[]? start = null)
    {
        var c = new double[m * n];
        for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
        {
            double sum = start?[i * n + j] ?? 0;
            for (int l = 0; l < k; l++)
                sum += (double)a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
            c[i * n + j] = sum;
        }
        return c;
    }

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, v => (double)v);
}
