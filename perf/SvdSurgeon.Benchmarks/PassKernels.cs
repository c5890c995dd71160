using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Benchmarks;

/// <summary>One call of a kernel.</summary>
/// <param name="Name">What it computes.</param>
/// <param name="Operations">Floating-point operations; for exponentials and norms a handful a number, so that rates compare between
/// builds.</param>
/// <param name="Bytes">Bytes that have to be read and written once.</param>
/// <param name="Run">The call.</param>
public sealed record PassKernel(string Name, double Operations, double Bytes, Action Run) : IWork
{
    public override string ToString() => Name;
}

/// <summary>
/// The kernels of the forward and backward passes beside the products, and those of the surgeon, at the shapes of SmolLM2-135M: four
/// sequences of 512 tokens, hidden size 576, intermediate size 1536, nine heads of 64 with three key-value heads, 49,152 words.
/// </summary>
internal sealed class PassKernels : IDisposable
{
    private const int Sequences = 4,
        Length = 512,
        Tokens = Sequences * Length,
        Hidden = 576,
        Wide = 1536,
        Heads = 9,
        KeyValueHeads = 3,
        HeadDim = 64,
        Words = 49_152,
        HeadTokens = 128;
    private readonly CpuBackend _backend;

    public PassKernels(int threads) => _backend = new CpuBackend(threads);

    public void Dispose() => _backend.Dispose();

    public IEnumerable<PassKernel> All()
    {
        foreach (var kernel in Elementwise())
            yield return kernel;
        foreach (var kernel in Norms())
            yield return kernel;
        foreach (var kernel in Attention())
            yield return kernel;
        foreach (var kernel in Head())
            yield return kernel;
        foreach (var kernel in Statistics())
            yield return kernel;
        foreach (var kernel in Surgery())
            yield return kernel;
    }

    private IEnumerable<PassKernel> Elementwise()
    {
        Tensor a = Filled(Tokens, Wide),
            b = Filled(Tokens, Wide),
            c = Filled(Tokens, Wide),
            y = Zeros(Tokens, Wide),
            z = Zeros(Tokens, Wide);
        PassKernel Kernel(string name, int operations, int tensors, Action run) =>
            new(name, (double)operations * Tokens * Wide, (double)tensors * sizeof(float) * Tokens * Wide, run);
        yield return Kernel("relu", 1, 2, () => _backend.Relu(a, y));
        yield return Kernel("relu, backward", 1, 3, () => _backend.ReluBackward(b, a, y));
        yield return Kernel("gelu", 40, 2, () => _backend.Gelu(a, y));
        yield return Kernel("gelu, backward", 43, 3, () => _backend.GeluBackward(b, a, y));
        yield return Kernel("swiglu", 25, 3, () => _backend.SwiGlu(a, b, y));
        yield return Kernel("swiglu, backward", 30, 5, () => _backend.SwiGluBackward(c, a, b, y, z));
        yield return Kernel("add scaled", 2, 3, () => _backend.AddScaled(a, 1e-3f, y));
    }

    private IEnumerable<PassKernel> Norms()
    {
        Tensor x = Filled(Tokens, Hidden),
            dy = Filled(Tokens, Hidden),
            y = Zeros(Tokens, Hidden),
            mean = Zeros(Tokens, 1),
            r = Zeros(Tokens, 1);
        var scale = StoredTensor.FromSingles("scale", [Hidden], Enumerable.Repeat(1f, Hidden).ToArray(), DType.F32);
        PassKernel Kernel(string name, int operations, int tensors, Action run) =>
            new(name, (double)operations * Tokens * Hidden, (double)tensors * sizeof(float) * Tokens * Hidden, run);
        yield return Kernel("layer norm", 7, 2, () => _backend.LayerNorm(x, scale, scale, 1e-5f, y, mean, r));
        yield return Kernel("layer norm, backward", 9, 3, () => _backend.LayerNormBackward(dy, x, scale, mean, r, y));
        yield return Kernel("rms norm", 4, 2, () => _backend.RmsNorm(x, scale, 1e-5f, y, r));
        yield return Kernel("rms norm, backward", 8, 3, () => _backend.RmsNormBackward(dy, x, scale, r, y));
        var frequencies = Enumerable.Range(0, HeadDim / 2).Select(i => Math.Pow(10_000, -2.0 * i / HeadDim)).ToArray();
        var table = new RopeTable(frequencies, Length);
        yield return Kernel("rope", 3, 2, () => _backend.Rope(x, HeadDim, table, Length, 0));
    }

    // Half of all pairs of positions: causal. Products alone are counted.
    private IEnumerable<PassKernel> Attention()
    {
        const double product = 2.0 * Sequences * Heads * Length * Length / 2 * HeadDim;
        const double queries = (double)Tokens * Heads * HeadDim * sizeof(float),
            keys = (double)Tokens * KeyValueHeads * HeadDim * sizeof(float);
        Tensor q = Filled(Tokens, Heads * HeadDim),
            k = Filled(Tokens, KeyValueHeads * HeadDim),
            v = Filled(Tokens, KeyValueHeads * HeadDim),
            dy = Filled(Tokens, Heads * HeadDim);
        Tensor y = Zeros(Tokens, Heads * HeadDim),
            logSumExp = Zeros(Tokens, Heads),
            dq = Zeros(Tokens, Heads * HeadDim),
            dk = Zeros(Tokens, KeyValueHeads * HeadDim),
            dv = Zeros(Tokens, KeyValueHeads * HeadDim);
        var shape = new AttentionShape(Sequences, Length, Length, Heads, KeyValueHeads, HeadDim);
        yield return new("attention", 2 * product, 2 * queries + 2 * keys, () => _backend.Attention(q, k, v, shape, y, logSumExp));
        yield return new(
            "attention, backward",
            5 * product,
            4 * queries + 4 * keys,
            () => _backend.AttentionBackward(q, k, v, y, logSumExp, dy, shape, dq, dk, dv)
        );
    }

    private IEnumerable<PassKernel> Head()
    {
        Tensor hidden = Filled(HeadTokens, Hidden),
            other = Filled(HeadTokens, Hidden),
            dHidden = Zeros(HeadTokens, Hidden);
        var head = StoredTensor.FromSingles("head", [Words, Hidden], Numbers.Singles(Words * Hidden), DType.F32);
        int[] labels = [.. Enumerable.Range(0, HeadTokens)];
        double[] losses = new double[HeadTokens];
        const double product = 2.0 * HeadTokens * Words * Hidden,
            bytes = (double)Words * Hidden * sizeof(float);
        yield return new("cross entropy", product, bytes, () => _backend.CrossEntropy(hidden, head, labels, losses));
        yield return new(
            "cross entropy and gradient",
            2 * product,
            2 * bytes,
            () => _backend.CrossEntropy(hidden, head, labels, losses, dHidden)
        );
        yield return new("kullback leibler", 2 * product, 2 * bytes, () => _backend.KullbackLeibler(hidden, other, head, losses));
    }

    private IEnumerable<PassKernel> Statistics()
    {
        Tensor p = Filled(Tokens, Hidden),
            q = Filled(Tokens, Hidden),
            g = Zeros(Sequences, Hidden);
        var sums = new double[Hidden];
        const double numbers = (double)Tokens * Hidden;
        yield return new("column dot (spectral gradient)", 2 * numbers, 2 * sizeof(float) * numbers, () => _backend.ColumnDot(p, q, g));
        yield return new("column sums, magnitudes", numbers, sizeof(float) * numbers, () => _backend.AddColumnSums(p, true, sums));
    }

    // A gate projection at kept 0.6: 251 of 283 components stay, twice as many sequences as components.
    private IEnumerable<PassKernel> Surgery()
    {
        const int rank = 251,
            components = 283,
            samples = 2 * components;
        var algebra = _backend.LinearAlgebra;
        var gradients = Numbers.Singles(samples * components);
        double[] sigma = [.. Enumerable.Range(0, components).Select(i => 1.0 / (1 + i))];
        var fisher = new SpectralFisher(algebra, components);
        fisher.Add(gradients);
        yield return new(
            "spectral fisher",
            (double)samples * components * components,
            sizeof(float) * (double)samples * components,
            () => new SpectralFisher(algebra, components).Add(gradients)
        );
        yield return new(
            "surgeon, update",
            (double)rank * rank * rank / 3,
            sizeof(double) * (double)components * components,
            () => Surgeon.Operate(algebra, sigma, fisher, rank, new SurgeonOptions())
        );
    }

    private Tensor Zeros(int rows, int columns) => _backend.Allocate(rows, columns);

    private Tensor Filled(int rows, int columns)
    {
        var x = Zeros(rows, columns);
        _backend.Upload(Numbers.Singles(rows * columns), x);
        return x;
    }
}
