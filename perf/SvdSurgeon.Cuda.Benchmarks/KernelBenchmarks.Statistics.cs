using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.Benchmarks;

// The head, statistics, surgery, and the products that cuBLAS computes.
internal sealed partial class KernelBenchmarks
{
    private void Head(CudaBackend b, Measurement m)
    {
        using var z = Normal(b, _tokens, _vocabulary, 1);
        using var other = Normal(b, _tokens, _vocabulary, 2);
        using var labelBlock = b.Pool.Rent(_tokens * 4);
        using var lossBlock = b.Pool.Rent(_tokens * 8);
        var labels = labelBlock.As<int>(_tokens);
        var losses = lossBlock.As<double>(_tokens);
        Transfer.Upload(b.Stream, Enumerable.Range(0, _tokens).ToArray().Select(i => i % _vocabulary).ToArray(), labels);
        double n = z.Length;
        string shape = $"{_tokens} × {_vocabulary}";
        m.Run(
            "cross entropy",
            shape,
            4 * n,
            12 * n,
            () => b.Kernels.CrossEntropy(b.Stream, b.Launch.Rows(_tokens), View(z), labels, losses, _vocabulary, 0)
        );
        m.Run(
            "cross entropy with gradient",
            shape,
            8 * n,
            25 * n,
            () => b.Kernels.CrossEntropy(b.Stream, b.Launch.Rows(_tokens), View(z), labels, losses, _vocabulary, 1)
        );
        m.Run(
            "kullback-leibler",
            shape,
            8 * n,
            50 * n,
            () => b.Kernels.KullbackLeibler(b.Stream, b.Launch.Rows(_tokens), View(z), View(other), losses, _vocabulary)
        );
    }

    private void Statistics(CudaBackend b, Measurement m)
    {
        int sequences = simulator ? 2 : 4,
            rows = sequences * _tokens;
        using var p = Normal(b, rows, _rank, 1);
        using var q = Normal(b, rows, _rank, 2);
        using var g = b.Allocate(sequences, _rank);
        double n = p.Length;
        m.Run("column dot", $"{sequences} × {_tokens} × {_rank}", 8 * n, 2 * n, () => b.ColumnDot(p, q, g));
        var sums = new double[_rank];
        m.Run("column sums", $"{rows} × {_rank}", 4 * n, n, () => b.AddColumnSums(p, false, sums));

        // The spectral projection of a 4096 × 4096 module: P = D U_k, Q = X M, then the column dot.
        using var x = Normal(b, rows, _hidden, 3);
        using var u = Normal(b, _hidden, _rank, 4);
        using var wide = b.Allocate(rows, _rank);
        double flops = 2.0 * rows * _hidden * _rank;
        double product = m.Run(
            "product of the projection (cuBLAS)",
            $"{rows} × {_hidden} × {_rank}",
            0,
            flops,
            () => b.MatMul(x, false, u, false, wide)
        );
        double all = m.Run(
            "spectral projection",
            $"2 × {rows} × {_hidden} × {_rank}",
            0,
            2 * flops,
            () =>
            {
                b.MatMul(x, false, u, false, p);
                b.MatMul(x, false, u, false, q);
                b.ColumnDot(p, q, g);
            }
        );
        if (!simulator)
            Console.WriteLine(
                FormattableString.Invariant($"| spectral projection, of cuBLAS's rate | | | | | | {100 * 2 * product / all:F0} % |")
            );

        int narrowWidth = simulator ? 10 : 1024,
            tiles = b.Launch.TilesFor(narrowWidth),
            samples = simulator ? 8 : 512;
        using var gradients = Normal(b, samples, narrowWidth, 5);
        using var sumBlock = b.Pool.Rent((long)narrowWidth * narrowWidth * 8);
        using var halves = b.Pool.Rent(gradients.Length * 2);
        var half = halves.As<ushort>(gradients.Length);
        b.Kernels.Narrow(b.Stream, b.Launch.Flat(gradients.Length), View(gradients), half, (int)DType.BF16);
        double update = (double)samples * narrowWidth * narrowWidth;
        string shape = $"{samples} × {narrowWidth}";
        var doubles = sumBlock.As<double>((long)narrowWidth * narrowWidth);
        var singles = sumBlock.As<float>((long)narrowWidth * narrowWidth);
        m.Run(
            "fisher rank-k update",
            shape,
            0,
            update,
            () => b.Kernels.Fisher(b.Stream, b.Launch.Tiles(tiles, tiles), View(gradients), doubles, samples, narrowWidth)
        );
        m.Run(
            "gram from bf16, float64 sums",
            shape,
            0,
            update,
            () => b.Kernels.GramDouble(b.Stream, b.Launch.Tiles(tiles, tiles), half, (int)DType.BF16, doubles, samples, narrowWidth)
        );
        m.Run(
            "gram from bf16, float32 sums",
            shape,
            0,
            update,
            () => b.Kernels.GramSingle(b.Stream, b.Launch.Tiles(tiles, tiles), half, (int)DType.BF16, singles, samples, narrowWidth)
        );
        using var square = b.Allocate(_hidden, _hidden);
        m.Run(
            "symmetric product (cuBLAS)",
            $"{rows} × {_hidden}",
            0,
            (double)rows * _hidden * _hidden,
            () => b.Libraries.SymmetricProduct(((CudaTensor)x).Address, rows, _hidden, ((CudaTensor)square).Address, false)
        );
        using var packed = b.Pool.Rent((long)_hidden * (_hidden + 1) / 2 * 8);
        m.Run(
            "add lower triangle",
            $"{_hidden} × {_hidden}",
            20.0 * _hidden * (_hidden + 1) / 2,
            0,
            () =>
                b.Kernels.AddLowerTriangle(
                    b.Stream,
                    b.Launch.Matrix(_hidden, _hidden),
                    View(square),
                    packed.As<double>((long)_hidden * (_hidden + 1) / 2),
                    _hidden
                )
        );
    }

    private void Surgery(CudaBackend b, Measurement m)
    {
        int pool = simulator ? 6 : 128,
            modules = simulator ? 3 : 224,
            kept = pool * 3 / 4;
        var random = new Random(1);
        var list = Enumerable
            .Range(0, modules)
            .Select(_ =>
            {
                var h = new Matrix(pool, pool);
                for (int i = 0; i < pool; i++)
                for (int j = 0; j <= i; j++)
                    h[i, j] = h[j, i] = (i == j ? pool : 0) + random.NextDouble();
                return new SurgeonModule([.. Enumerable.Range(0, pool).Select(i => 1.0 / (i + 1))], h, [.. Enumerable.Range(0, kept)]);
            })
            .ToArray();
        var batch = new SurgeonBatch(b);
        m.Run(
            "compensation with transfers",
            $"{modules} modules, pool {pool}",
            0,
            2.0 * modules * kept * kept * kept / 3,
            () => batch.Compensate(list, 1, 1e-5)
        );
        m.Run(
            "saliency with transfers",
            $"{modules} modules, pool {pool}",
            0,
            2.0 * modules * pool * pool * pool / 2,
            () => batch.Saliencies(list, 0.1)
        );
    }

    private void Products(CudaBackend b, Measurement m)
    {
        foreach (var type in new[] { DType.F32, DType.F16, DType.BF16 })
        {
            var weight = Weight(_inner, _hidden, type);
            using var x = Normal(b, _tokens, _hidden, 1);
            using var y = b.Allocate(_tokens, _inner);
            double flops = 2.0 * _tokens * _hidden * _inner;
            m.Run($"linear, weight {type}", $"{_tokens} × {_hidden} × {_inner}", 0, flops, () => b.Linear(x, weight, null, y));
            m.Run($"linear backward, weight {type}", $"{_tokens} × {_inner} × {_hidden}", 0, flops, () => b.LinearBackward(y, weight, x));
        }
    }
}
