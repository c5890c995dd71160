using System.Runtime.InteropServices;
using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Linear;

/// <summary>
/// A linear module of a decoder layer, y = x Wᵀ + bias, in whichever form W is stored: whole, or as factors of a compressed one.
/// </summary>
/// <param name="name">Hugging Face module name, such as model.layers.3.mlp.up_proj.</param>
/// <param name="outFeatures">m.</param>
/// <param name="inFeatures">n.</param>
/// <param name="bias">m numbers, or null.</param>
internal abstract class LinearModule(string name, int outFeatures, int inFeatures, StoredTensor? bias)
{
    /// <summary>Hugging Face module name, such as model.layers.3.mlp.up_proj.</summary>
    public string Name { get; } = name;

    /// <summary>m.</summary>
    public int OutFeatures { get; } = outFeatures;

    /// <summary>n.</summary>
    public int InFeatures { get; } = inFeatures;

    /// <summary>m numbers, or null.</summary>
    public StoredTensor? Bias { get; } = bias;

    /// <summary>"dense", "low-rank", "column-preserving" or "pivoted".</summary>
    public abstract string Kind { get; }

    /// <summary>Rank of the factored part; null for a dense module.</summary>
    public abstract int? Rank { get; }

    /// <summary>The tensors that make W, under the names they have in files; the bias is not among them.</summary>
    public abstract IReadOnlyList<StoredTensor> StoredTensors { get; }

    /// <summary>Every stored number, indices included; the bias is not counted.</summary>
    public long ParameterCount => StoredTensors.Sum(tensor => tensor.Count);

    /// <summary>y[T, m] = x[T, n] Wᵀ + bias; with <paramref name="accumulate"/> y += x Wᵀ + bias.</summary>
    public abstract void Forward(IBackend backend, Tensor x, Tensor y, bool accumulate = false);

    /// <summary>dx[T, n] = dy[T, m] W; with <paramref name="accumulate"/> dx += dy W.</summary>
    public abstract void BackwardInput(IBackend backend, Tensor dy, Tensor dx, bool accumulate = false);

    /// <summary>W in float32, m × n, row-major.</summary>
    /// <param name="backend">Multiplies its factors.</param>
    public abstract float[] ToDense(IBackend backend);

    /// <summary>
    /// The module called <paramref name="name"/>: <c>name.weight</c>; <c>name.A</c> and <c>.B</c>; these with <c>.C</c> and
    /// <c>.columns</c>;
    /// or <c>name.pivots</c>, <c>.basis</c> and <c>.mix</c>.
    /// </summary>
    /// <param name="checkpoint">Where the tensors are.</param>
    /// <param name="name">Module name.</param>
    /// <param name="outFeatures">m.</param>
    /// <param name="inFeatures">n.</param>
    /// <param name="requireBias">The configuration says that there is a bias. One that is there anyway is used (bias correction adds
    /// it).</param>
    /// <exception cref="InvalidModelException">A tensor is missing, has another shape, or holds indices that make no sense.</exception>
    public static LinearModule Load(Checkpoint checkpoint, string name, int outFeatures, int inFeatures, bool requireBias)
    {
        var bias = requireBias || checkpoint.Tensors.ContainsKey(name + ".bias") ? checkpoint.Require(name + ".bias", outFeatures) : null;
        // Bias correction announces nothing; in any other model a bias that no key names would be left out by other programs.
        if (bias is not null && !requireBias && checkpoint.Compression is null)
            checkpoint.Warn(
                $"{bias.Source}: modules such as {name} have a bias that the configuration does not announce. It is used; other programs "
                    + $"may leave it out."
            );
        if (checkpoint.Find(name + ".pivots") is { } pivots)
        {
            int rank = checked((int)pivots.Count);
            return new PivotedLinear(
                name,
                pivots,
                checkpoint.Require(name + ".basis", rank, inFeatures),
                checkpoint.Require(name + ".mix", outFeatures - rank, rank),
                bias
            );
        }
        if (checkpoint.Find(name + ".A") is not { } a)
            return new DenseLinear(name, checkpoint.Require(name + ".weight", outFeatures, inFeatures), bias);
        long r = a.Shape.Count == 0 ? 0 : a.Shape[^1];
        checkpoint.Require(name + ".A", outFeatures, r);
        if (checkpoint.Find(name + ".columns") is not { } columns)
            return new LowRankLinear(name, a, checkpoint.Require(name + ".B", r, inFeatures), bias);
        return new ColumnPreservingLinear(
            name,
            a,
            checkpoint.Require(name + ".B", r, inFeatures - columns.Count),
            checkpoint.Require(name + ".C", outFeatures, columns.Count),
            columns,
            bias
        );
    }

    /// <summary>A tensor of 32-bit indices, as <c>columns</c> and <c>pivots</c> are stored.</summary>
    public static StoredTensor StoreIndices(string name, ReadOnlySpan<int> indices)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(indices.Length * sizeof(int), pinned: true);
        MemoryMarshal.AsBytes(indices).CopyTo(bytes);
        return StoredTensor.FromBytes(name, DType.I32, [indices.Length], bytes);
    }

    // The indices of a stored tensor and their complement in [0, size), both ascending.
    private protected static unsafe (int[] Chosen, int[] Others) SplitIndices(StoredTensor stored, int size)
    {
        if (stored.Type != DType.I32)
            throw new InvalidModelException($"{stored.Source}: tensor '{stored.Name}' is {stored.Type}, indices are stored as I32.");
        int[] chosen = new ReadOnlySpan<int>((void*)stored.Address, checked((int)stored.Count)).ToArray();
        GC.KeepAlive(stored);
        for (int i = 0; i < chosen.Length; i++)
            if ((uint)chosen[i] >= (uint)size || (i > 0 && chosen[i] <= chosen[i - 1]))
                throw new InvalidModelException(
                    $"{stored.Source}: tensor '{stored.Name}' must hold ascending indices below {size}; entry {i} is {chosen[i]}. The "
                        + $"file is damaged."
                );
        var others = new int[size - chosen.Length];
        for (int i = 0, next = 0, other = 0; i < size; i++)
        {
            if (next < chosen.Length && chosen[next] == i)
                next++;
            else
                others[other++] = i;
        }
        return (chosen, others);
    }

    // a[m, r] · b[r, n]
    private protected static float[] Multiply(IBackend backend, StoredTensor a, StoredTensor b)
    {
        using var left = backend.Allocate(a.Rows, a.Columns);
        using var product = backend.Allocate(a.Rows, b.Columns);
        backend.Upload(a.ToSingles(), left);
        backend.LinearBackward(left, b, product);
        var values = new float[(long)a.Rows * b.Columns];
        backend.Download(product, values);
        return values;
    }
}
