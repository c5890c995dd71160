using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.Models;

/// <summary>Every form of a linear module computes with the matrix that ToDense shows.</summary>
internal sealed class LinearModuleTests
{
    private const int M = 13,
        N = 19,
        Rank = 5,
        Tokens = 11;
    private const double Tolerance = 1e-5;
    private CpuBackend _backend = null!;

    [SetUp]
    public void Open() => _backend = new CpuBackend(2);

    [TearDown]
    public void Close() => _backend.Dispose();

    public static IEnumerable<TestCaseData> Modules()
    {
        foreach (bool biased in new[] { false, true })
        {
            var bias = biased ? Stored("m.bias", 9, M) : null;
            string suffix = biased ? " with bias" : "";
            yield return new TestCaseData(new DenseLinear("m", Stored("m.weight", 1, M, N), bias), "dense", null, M * N).SetArgDisplayNames(
                "dense" + suffix
            );
            yield return new TestCaseData(
                new LowRankLinear("m", Stored("m.A", 1, M, Rank), Stored("m.B", 2, Rank, N), bias),
                "low-rank",
                Rank,
                Rank * (M + N)
            ).SetArgDisplayNames("low-rank" + suffix);
            yield return new TestCaseData(
                new ColumnPreservingLinear(
                    "m",
                    Stored("m.A", 1, M, Rank),
                    Stored("m.B", 2, Rank, N - 3),
                    Stored("m.C", 3, M, 3),
                    Indices("m.columns", 0, 7, 18),
                    bias
                ),
                "column-preserving",
                Rank,
                Rank * (M + N - 3) + 3 * M + 3
            ).SetArgDisplayNames("column-preserving" + suffix);
            yield return new TestCaseData(
                new ColumnPreservingLinear(
                    "m",
                    Stored("m.A", 1, M, 0),
                    Stored("m.B", 2, 0, N - 3),
                    Stored("m.C", 3, M, 3),
                    Indices("m.columns", 1, 2, 17),
                    bias
                ),
                "column-preserving",
                0,
                3 * M + 3
            ).SetArgDisplayNames("columns alone" + suffix);
            yield return new TestCaseData(
                new LowRankLinear("m", Stored("m.A", 1, M, 0), Stored("m.B", 2, 0, N), bias),
                "low-rank",
                0,
                0
            ).SetArgDisplayNames("low-rank of rank 0" + suffix);
            yield return new TestCaseData(
                new ColumnPreservingLinear(
                    "m",
                    Stored("m.A", 1, M, Rank),
                    Stored("m.B", 2, Rank, N),
                    Stored("m.C", 3, M, 0),
                    Indices("m.columns"),
                    bias
                ),
                "column-preserving",
                Rank,
                Rank * (M + N)
            ).SetArgDisplayNames("column-preserving without columns" + suffix);
            yield return new TestCaseData(
                new ColumnPreservingLinear(
                    "m",
                    Stored("m.A", 1, M, 0),
                    Stored("m.B", 2, 0, 0),
                    Stored("m.C", 3, M, N),
                    Indices("m.columns", [.. Enumerable.Range(0, N)]),
                    bias
                ),
                "column-preserving",
                0,
                M * N + N
            ).SetArgDisplayNames("all columns kept" + suffix);
            yield return new TestCaseData(
                new PivotedLinear("m", Indices("m.pivots"), Stored("m.basis", 1, 0, N), Stored("m.mix", 2, M, 0), bias),
                "pivoted",
                0,
                0
            ).SetArgDisplayNames("pivoted of rank 0" + suffix);
            yield return new TestCaseData(
                new PivotedLinear(
                    "m",
                    Indices("m.pivots", 0, 1, 4, 9, 12),
                    Stored("m.basis", 1, Rank, N),
                    Stored("m.mix", 2, M - Rank, Rank),
                    bias
                ),
                "pivoted",
                Rank,
                Rank * N + (M - Rank) * Rank + Rank
            ).SetArgDisplayNames("pivoted" + suffix);
        }
    }

    [TestCaseSource(nameof(Modules))]
    public void Forward_and_backward_use_the_matrix_that_ToDense_shows(LinearModule module, string kind, int? rank, int parameters)
    {
        Assert.That(
            (module.Kind, module.Rank, module.ParameterCount, module.OutFeatures, module.InFeatures),
            Is.EqualTo((kind, rank, (long)parameters, M, N))
        );
        float[] w = module.ToDense(_backend),
            bias = module.Bias?.ToSingles() ?? new float[M];
        float[] x = RandomNumbers.Singles(21, Tokens * N),
            dy = RandomNumbers.Singles(22, Tokens * M);
        foreach (bool accumulate in new[] { false, true })
        {
            float[] y0 = RandomNumbers.Singles(23, Tokens * M),
                dx0 = RandomNumbers.Singles(24, Tokens * N);
            using Tensor tx = Upload(x, N),
                tdy = Upload(dy, M),
                y = Upload(y0, M),
                dx = Upload(dx0, N);
            module.Forward(_backend, tx, y, accumulate);
            module.BackwardInput(_backend, tdy, dx, accumulate);
            float[] actualY = Download(y),
                actualDx = Download(dx);
            for (int t = 0; t < Tokens; t++)
            {
                for (int i = 0; i < M; i++)
                {
                    double expected = bias[i] + (accumulate ? y0[t * M + i] : 0);
                    for (int j = 0; j < N; j++)
                        expected += (double)x[t * N + j] * w[i * N + j];
                    Assert.That(
                        actualY[t * M + i],
                        Is.EqualTo(expected).Within(Tolerance * (1 + Math.Abs(expected))),
                        $"y[{t}, {i}], accumulate {accumulate}"
                    );
                }
                for (int j = 0; j < N; j++)
                {
                    double expected = accumulate ? dx0[t * N + j] : 0;
                    for (int i = 0; i < M; i++)
                        expected += (double)dy[t * M + i] * w[i * N + j];
                    Assert.That(
                        actualDx[t * N + j],
                        Is.EqualTo(expected).Within(Tolerance * (1 + Math.Abs(expected))),
                        $"dx[{t}, {j}], accumulate {accumulate}"
                    );
                }
            }
        }
    }

    [TestCase(0, 3, 3), TestCase(4, 2, 1), TestCase(0, 1, 19), TestCase(-1, 1, 2)]
    public void Indices_that_do_not_ascend_within_the_input_are_refused(int a, int b, int c)
    {
        var error = Assert.Throws<InvalidModelException>(() =>
            _ = new ColumnPreservingLinear(
                "m",
                Stored("m.A", 1, M, Rank),
                Stored("m.B", 2, Rank, N - 3),
                Stored("m.C", 3, M, 3),
                Indices("m.columns", a, b, c),
                null
            )
        );
        Assert.That(error!.Message, Does.Contain("m.columns"));
    }

    private static StoredTensor Stored(string name, int seed, params int[] shape) =>
        StoredTensor.FromSingles(
            name,
            [.. shape.Select(axis => (long)axis)],
            RandomNumbers.Singles(seed, shape.Aggregate(1, (a, b) => a * b))
        );

    private static StoredTensor Indices(string name, params int[] indices) => LinearModule.StoreIndices(name, indices);

    private Tensor Upload(float[] values, int columns)
    {
        var tensor = _backend.Allocate(values.Length / columns, columns);
        _backend.Upload(values, tensor);
        return tensor;
    }

    private float[] Download(Tensor x)
    {
        var values = new float[x.Length];
        _backend.Download(x, values);
        return values;
    }
}
