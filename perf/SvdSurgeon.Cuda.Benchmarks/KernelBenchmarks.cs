using ILGPU;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.Benchmarks;

/// <summary>Every kernel at the shapes of LLaMA-7B and 2048 tokens, beside cuBLAS where it does the same.</summary>
internal sealed class KernelBenchmarks(bool simulator)
{
    private readonly int _tokens = simulator ? 8 : 2048;
    private readonly int _hidden = simulator ? 16 : 4096;
    private readonly int _inner = simulator ? 24 : 11008;
    private readonly int _heads = simulator ? 2 : 32;
    private readonly int _vocabulary = simulator ? 40 : 32000;
    private readonly int _rank = simulator ? 6 : 2048;

    public int Run()
    {
        using var backend = simulator ? CudaDevices.OpenSimulator() : CudaDevices.Open();
        var measure = new Measurement(backend, simulator);
        Elementwise(backend, measure);
        Norms(backend, measure);
        AttentionKernels(backend, measure);
        Storage(backend, measure);
        Head(backend, measure);
        Statistics(backend, measure);
        Surgery(backend, measure);
        if (!simulator)
            foreach (var precision in Enum.GetValues<ProductPrecision>())
            {
                using var other = CudaDevices.Open(0, new CudaOptions { Precision = precision });
                Console.WriteLine();
                Products(other, new Measurement(other, false));
            }
        else
            Products(backend, measure);
        return 0;
    }

    private void Elementwise(CudaBackend b, Measurement m)
    {
        using var x = Normal(b, _tokens, _inner, 1);
        using var y = Normal(b, _tokens, _inner, 2);
        using var z = b.Allocate(_tokens, _inner);
        var bias = StoredTensor.FromSingles("bias", [_inner], new float[_inner]);
        double n = x.Length;
        string shape = $"{_tokens} × {_inner}";
        m.Run("copy (driver)", shape, 8 * n, 0, () => b.Copy(x, z));
        m.Run("fill", shape, 4 * n, 0, () => b.Fill(z, 1));
        m.Run("residual", shape, 12 * n, 2 * n, () => b.AddScaled(x, 1e-6f, z));
        m.Run("multiply", shape, 12 * n, n, () => b.Multiply(x, y, z));
        using (var block = b.Pool.Rent(_inner * sizeof(float)))
        {
            var view = block.As<float>(_inner);
            Transfer.Upload(b.Stream, bias.ToSingles(), view);
            m.Run("bias", shape, 8 * n, n, () => b.Kernels.AddBias(b.Stream, b.Launch.Flat(z.Length), view, View(z), _inner));
            m.Run(
                "bias, broadcast",
                shape,
                4 * n,
                0,
                () => b.Kernels.BroadcastBias(b.Stream, b.Launch.Flat(z.Length), view, View(z), _inner)
            );
        }
        m.Run("relu", shape, 8 * n, 0, () => b.Relu(x, z));
        m.Run("relu backward", shape, 12 * n, 0, () => b.ReluBackward(y, x, z));
        m.Run("gelu", shape, 8 * n, 60 * n, () => b.Gelu(x, z));
        m.Run("gelu backward", shape, 12 * n, 80 * n, () => b.GeluBackward(y, x, z));
        m.Run("swiglu", shape, 12 * n, 20 * n, () => b.SwiGlu(x, y, z));
        using var w = b.Allocate(_tokens, _inner);
        m.Run("swiglu backward", shape, 20 * n, 25 * n, () => b.SwiGluBackward(x, y, x, z, w));
        int[] columns = [.. Enumerable.Range(0, _inner / 4).Select(i => i * 4)];
        using var narrow = b.Allocate(_tokens, columns.Length);
        m.Run(
            "gather columns",
            $"{_tokens} × {columns.Length} of {_inner}",
            8 * narrow.Length,
            0,
            () => b.GatherColumns(x, columns, narrow)
        );
        m.Run(
            "scatter columns",
            $"{_tokens} × {columns.Length} of {_inner}",
            8 * narrow.Length,
            0,
            () => b.ScatterColumns(narrow, columns, z)
        );
    }

    private void Norms(CudaBackend b, Measurement m)
    {
        using var x = Normal(b, _tokens, _hidden, 1);
        using var dy = Normal(b, _tokens, _hidden, 2);
        using var y = b.Allocate(_tokens, _hidden);
        using var mean = b.Allocate(_tokens, 1);
        using var r = b.Allocate(_tokens, 1);
        var w = Weight(1, _hidden, DType.F32);
        double n = x.Length;
        string shape = $"{_tokens} × {_hidden}";
        m.Run("layer norm", shape, 8 * n, 8 * n, () => b.LayerNorm(x, w, w, 1e-5f, y, mean, r));
        m.Run("layer norm backward", shape, 12 * n, 14 * n, () => b.LayerNormBackward(dy, x, w, mean, r, y));
        m.Run("rms norm", shape, 8 * n, 4 * n, () => b.RmsNorm(x, w, 1e-5f, y, r));
        m.Run("rms norm backward", shape, 12 * n, 10 * n, () => b.RmsNormBackward(dy, x, w, r, y));
        var table = new RopeTable(
            [.. Enumerable.Range(0, _hidden / _heads / 2).Select(i => Math.Pow(10000, -2.0 * i / (_hidden / _heads)))],
            _tokens
        );
        m.Run("rope", shape, 8 * n, 3 * n, () => b.Rope(x, _hidden / _heads, table, _tokens, 0));
    }

    private void AttentionKernels(CudaBackend b, Measurement m)
    {
        foreach (int keyHeads in new[] { _heads, Math.Max(1, _heads / 4) })
        {
            int d = _hidden / _heads,
                sequences = simulator ? 1 : 2;
            var s = new AttentionShape(sequences, _tokens, _tokens, _heads, keyHeads, d);
            using var q = Normal(b, sequences * _tokens, _hidden, 1);
            using var k = Normal(b, sequences * _tokens, keyHeads * d, 2);
            using var v = Normal(b, sequences * _tokens, keyHeads * d, 3);
            using var dy = Normal(b, sequences * _tokens, _hidden, 4);
            using var y = b.Allocate(sequences * _tokens, _hidden);
            using var lse = b.Allocate(sequences * _tokens, _heads);
            using var dq = b.Allocate(q.Rows, q.Columns);
            using var dk = b.Allocate(k.Rows, k.Columns);
            using var dv = b.Allocate(v.Rows, v.Columns);
            double pairs = (double)sequences * _heads * _tokens * (_tokens + 1) / 2;
            string shape = $"{sequences} × {_tokens}, {_heads} heads, {keyHeads} key heads, d {d}, causal";
            m.Run("attention", shape, 4.0 * (2 * q.Length + 2 * k.Length), 4 * pairs * d, () => b.Attention(q, k, v, s, y, lse));
            m.Run(
                "attention backward",
                shape,
                4.0 * (4 * q.Length + 4 * k.Length),
                14 * pairs * d,
                () => b.AttentionBackward(q, k, v, y, lse, dy, s, dq, dk, dv)
            );
        }
    }

    private void Storage(CudaBackend b, Measurement m)
    {
        using var wide = b.Allocate(_hidden, _hidden - _hidden % 256 + 256);
        foreach (
            var type in new[]
            {
                DType.F16,
                DType.BF16,
                DType.Q8_0,
                DType.Q4_0,
                DType.Q4_1,
                DType.Q5_0,
                DType.Q5_1,
                DType.Q2_K,
                DType.Q3_K,
                DType.Q4_K,
                DType.Q5_K,
                DType.Q6_K,
                DType.IQ4_NL,
                DType.IQ4_XS,
            }
        )
        {
            var bytes = GC.AllocateArray<byte>((int)type.ByteCount(wide.Length), pinned: true);
            var stored = StoredTensor.FromBytes(type.ToString(), type, [wide.Rows, wide.Columns], bytes);
            using var block = b.Pool.Rent(bytes.Length);
            Transfer.Upload(b.Stream, bytes, block.As<byte>(bytes.Length));
            m.Run(
                $"widen {type}",
                $"{wide.Rows} × {wide.Columns}",
                bytes.Length + 4.0 * wide.Length,
                0,
                () =>
                    b.Kernels.WidenRows(
                        b.Stream,
                        b.Launch.Matrix(wide.Rows, wide.Columns),
                        block.As<byte>(bytes.Length),
                        (int)type,
                        stored.RowBytes,
                        ArrayView<int>.Empty,
                        View(wide),
                        wide.Columns
                    )
            );
        }
        using var narrow = b.Pool.Rent(wide.Length * 2);
        m.Run(
            "narrow to bf16",
            $"{wide.Rows} × {wide.Columns}",
            6.0 * wide.Length,
            0,
            () => b.Kernels.Narrow(b.Stream, b.Launch.Flat(wide.Length), View(wide), narrow.As<ushort>(wide.Length), (int)DType.BF16)
        );
        var table = Weight(_vocabulary, _hidden, DType.BF16);
        int[] ids = [.. Enumerable.Range(0, _tokens).Select(i => i * 7919 % _vocabulary)];
        using var y = b.Allocate(_tokens, _hidden);
        m.Run("embedding", $"{_tokens} of {_vocabulary} × {_hidden}, bf16", 6.0 * y.Length, 0, () => b.Embed(ids, table, y));
        m.Run("positions", $"{_tokens} × {_hidden}, bf16", 10.0 * y.Length, 0, () => b.AddPositions(table, 2, _tokens / 2, y));
    }

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

    private static ArrayView<float> View(Tensor x) => ((CudaTensor)x).View;

    private static Tensor Normal(CudaBackend backend, int rows, int columns, int seed)
    {
        var values = new float[(long)rows * columns];
        var random = new Random(seed);
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextSingle() - 0.5f;
        var tensor = backend.Allocate(rows, columns);
        backend.Upload(values, tensor);
        return tensor;
    }

    private static StoredTensor Weight(int rows, int columns, DType type)
    {
        var values = new float[(long)rows * columns];
        var random = new Random(rows);
        for (int i = 0; i < values.Length; i++)
            values[i] = 0.04f * (random.NextSingle() - 0.5f);
        return StoredTensor.FromSingles("weight", rows == 1 ? [columns] : [rows, columns], values, type);
    }
}
