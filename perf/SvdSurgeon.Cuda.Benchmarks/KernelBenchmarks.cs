using ILGPU;
using SvdSurgeon.Backends;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.Benchmarks;

/// <summary>Every kernel at the shapes of LLaMA-7B and 2048 tokens, beside cuBLAS where it does the same.</summary>
internal sealed partial class KernelBenchmarks(bool simulator)
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
