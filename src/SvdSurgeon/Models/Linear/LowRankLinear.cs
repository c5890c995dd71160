using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Linear;

/// <summary>W = A B (SVD-LLM and all that follow it): <c>name.A</c>, m × r, and <c>name.B</c>, r × n.</summary>
/// <param name="name">Module name.</param>
/// <param name="a">A, m × r.</param>
/// <param name="b">B, r × n.</param>
/// <param name="bias">m numbers, or null.</param>
internal sealed class LowRankLinear(string name, StoredTensor a, StoredTensor b, StoredTensor? bias)
    : LinearModule(name, a.Rows, b.Columns, bias)
{
    /// <summary>A, m × r.</summary>
    public StoredTensor A { get; } = a;

    /// <summary>B, r × n.</summary>
    public StoredTensor B { get; } = b;

    /// <inheritdoc/>
    public override string Kind => "low-rank";

    /// <inheritdoc/>
    public override int? Rank => B.Rows;

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> StoredTensors => [A, B];

    /// <inheritdoc/>
    public override void Forward(IBackend backend, Tensor x, Tensor y, bool accumulate = false)
    {
        using var z = backend.Allocate(x.Rows, B.Rows);
        backend.Linear(x, B, null, z);
        backend.Linear(z, A, Bias, y, accumulate);
    }

    /// <inheritdoc/>
    public override void BackwardInput(IBackend backend, Tensor dy, Tensor dx, bool accumulate = false)
    {
        using var dz = backend.Allocate(dy.Rows, B.Rows);
        backend.LinearBackward(dy, A, dz);
        backend.LinearBackward(dz, B, dx, accumulate);
    }

    /// <inheritdoc/>
    public override float[] ToDense(IBackend backend) => Multiply(backend, A, B);
}
