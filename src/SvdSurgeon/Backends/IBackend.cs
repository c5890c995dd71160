using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Backends;

/// <summary>
/// The one seam between the models and a device: about thirty coarse operations on float32 tensors, each with its backward beside it.
/// Shapes are [rows, columns]; a batch of B sequences of T tokens is [B·T, features]. Unless an operation says that it accumulates,
/// it overwrites its output. Outputs never overlap inputs except where that is stated. Results do not depend on the number of threads.
/// </summary>
internal interface IBackend : IDisposable
{
    /// <summary>What the user is shown, such as "cpu (2 threads, AVX-512)".</summary>
    string Description { get; }

    /// <summary>Float64 decompositions on host matrices.</summary>
    ILinearAlgebra LinearAlgebra { get; }

    /// <summary>
    /// The surgeon's closed forms for many small modules at once; null where they are solved one by one through
    /// <see cref="LinearAlgebra"/>.
    /// </summary>
    ISurgeonBatch? SurgeonBatch => null;

    // ---- memory
    /// <summary>Says before a pass begins that it cannot fit. A backend whose memory is the system's leaves that to the system.</summary>
    /// <exception cref="OutOfMemoryEstimateException">The device is too small for it; the message has the numbers.</exception>
    void RequireMemory(in MemoryNeed need) { }

    /// <summary>A tensor with undefined contents, from a pool.</summary>
    Tensor Allocate(int rows, int columns);

    /// <summary>Host → tensor.</summary>
    void Upload(ReadOnlySpan<float> source, Tensor destination);

    /// <summary>Tensor → host.</summary>
    void Download(Tensor source, Span<float> destination);

    /// <summary>destination = source.</summary>
    void Copy(Tensor source, Tensor destination);

    /// <summary>Sets every element.</summary>
    void Fill(Tensor x, float value);

    /// <summary>y += a·x.</summary>
    void AddScaled(Tensor x, float a, Tensor y);

    /// <summary>y = a ∘ b, element by element; y may be a or b.</summary>
    void Multiply(Tensor a, Tensor b, Tensor y);

    // ---- embeddings
    /// <summary>y[t] = table[ids[t]].</summary>
    void Embed(ReadOnlySpan<int> ids, StoredTensor table, Tensor y);

    /// <summary>y[b·T + t] += table[offset + t] for each of the sequences of T = <paramref name="sequenceLength"/> tokens.</summary>
    void AddPositions(StoredTensor table, int offset, int sequenceLength, Tensor y);

    // ---- products with stored weights (W is out × in)
    /// <summary>y[T, out] = x[T, in] Wᵀ + bias (bias may be null); with <paramref name="accumulate"/> y += x Wᵀ + bias.</summary>
    void Linear(Tensor x, StoredTensor weight, StoredTensor? bias, Tensor y, bool accumulate = false);

    /// <summary>dx[T, in] = dy[T, out] W; with <paramref name="accumulate"/> dx += dy W.</summary>
    void LinearBackward(Tensor dy, StoredTensor weight, Tensor dx, bool accumulate = false);

    /// <summary>c = op(a) op(b), or c += … with <paramref name="accumulate"/>.</summary>
    void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c, bool accumulate = false);

    // ---- indexed columns (column-preserving and pivoted modules)
    /// <summary>y[:, j] = x[:, indices[j]].</summary>
    void GatherColumns(Tensor x, ReadOnlySpan<int> indices, Tensor y);

    /// <summary>y[:, indices[j]] = x[:, j], or += with <paramref name="accumulate"/>; other columns of y are left alone.</summary>
    void ScatterColumns(Tensor x, ReadOnlySpan<int> indices, Tensor y, bool accumulate = false);

    // ---- norms. Weight and bias may be null (no affine part); r and mean hold one number a row for the backward pass
    /// <summary>y = (x − mean(x)) · r ∘ w + b with r = 1/sqrt(var(x) + ε).</summary>
    void LayerNorm(Tensor x, StoredTensor? weight, StoredTensor? bias, float epsilon, Tensor y, Tensor mean, Tensor r);

    /// <summary>dx (+)= ∂L/∂x of <see cref="LayerNorm"/>.</summary>
    void LayerNormBackward(Tensor dy, Tensor x, StoredTensor? weight, Tensor mean, Tensor r, Tensor dx, bool accumulate = false);

    /// <summary>y = x · r ∘ w with r = 1/sqrt(mean(x²) + ε).</summary>
    void RmsNorm(Tensor x, StoredTensor weight, float epsilon, Tensor y, Tensor r);

    /// <summary>dx (+)= ∂L/∂x of <see cref="RmsNorm"/>.</summary>
    void RmsNormBackward(Tensor dy, Tensor x, StoredTensor weight, Tensor r, Tensor dx, bool accumulate = false);

    // ---- attention
    /// <summary>
    /// Rotates x in place; x is [B·T, heads·headDim], token t of a sequence stands at position start + t. A table of fewer frequencies than
    /// half a head turns the first numbers of each head and leaves the others. The backward pass is the inverse rotation.
    /// </summary>
    void Rope(Tensor x, int headDim, RopeTable table, int sequenceLength, int start, bool inverse = false);

    /// <summary>Causal softmax attention, blockwise with online softmax: y [B·Tq, heads·d], logSumExp [B·Tq, heads].</summary>
    void Attention(Tensor q, Tensor k, Tensor v, in AttentionShape shape, Tensor y, Tensor logSumExp);

    /// <summary>Overwrites dq, dk and dv.</summary>
    void AttentionBackward(
        Tensor q,
        Tensor k,
        Tensor v,
        Tensor y,
        Tensor logSumExp,
        Tensor dy,
        in AttentionShape shape,
        Tensor dq,
        Tensor dk,
        Tensor dv
    );

    // ---- activations; the backward of an activation takes the forward's input
    /// <summary>y = max(x, 0); y may be x.</summary>
    void Relu(Tensor x, Tensor y);

    /// <summary>dx = dy where x > 0; dx may be dy.</summary>
    void ReluBackward(Tensor dy, Tensor x, Tensor dx);

    /// <summary>y = x Φ(x), the exact (erf) form; y may be x.</summary>
    void Gelu(Tensor x, Tensor y);

    /// <summary>dx = dy (Φ(x) + x φ(x)); dx may be dy.</summary>
    void GeluBackward(Tensor dy, Tensor x, Tensor dx);

    /// <summary>y = x · ½ (1 + tanh(√(2/π) (x + 0.044715 x³))), the tanh form of GELU; y may be x.</summary>
    void GeluTanh(Tensor x, Tensor y);

    /// <summary>dx = dy times the derivative of <see cref="GeluTanh"/>; dx may be dy.</summary>
    void GeluTanhBackward(Tensor dy, Tensor x, Tensor dx);

    /// <summary>
    /// x = cap · tanh(x / cap) in place; <paramref name="slope"/>, where it is given, is the derivative, 1 − tanh²(x / cap).
    /// </summary>
    void SoftCap(Tensor x, float cap, Tensor? slope = null);

    /// <summary>y = gate · sigmoid(gate) ∘ up.</summary>
    void SwiGlu(Tensor gate, Tensor up, Tensor y);

    /// <summary>Overwrites dGate and dUp; they may be gate and up.</summary>
    void SwiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dGate, Tensor dUp);

    // ---- the head: logits are computed and used by chunks of rows, never held for a whole sequence
    /// <summary>
    /// losses[t] = −log softmax(hidden[t] headᵀ)[labels[t]]; a label below 0 gives 0. With <paramref name="dHidden"/>,
    /// dHidden[t] = gradientScale · (softmax − onehot) head. With a soft cap the logits are those of <see cref="SoftCap"/>.
    /// </summary>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    void CrossEntropy(
        Tensor hidden,
        StoredTensor head,
        ReadOnlySpan<int> labels,
        Span<double> losses,
        Tensor? dHidden = null,
        float gradientScale = 1,
        float softCap = 0
    );

    /// <summary>divergences[t] = KL(softmax(p[t] headᵀ) ‖ softmax(q[t] headᵀ)).</summary>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    void KullbackLeibler(Tensor p, Tensor q, StoredTensor head, Span<double> divergences);

    // ---- statistics
    /// <summary>An accumulator of xᵀx (n × n).</summary>
    GramAccumulator CreateGram(int n);

    /// <summary>g[b, i] = Σ over the tokens t of sequence b of p[t, i] q[t, i]; g is [B, k] (SVD-Surgeon, spectral gradient).</summary>
    void ColumnDot(Tensor p, Tensor q, Tensor g);

    /// <summary>sums[j] += Σ_t x[t, j], or of |x[t, j]|.</summary>
    void AddColumnSums(Tensor x, bool absolute, Span<double> sums);
}
