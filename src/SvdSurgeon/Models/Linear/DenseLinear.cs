using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Linear;

/// <summary>W stored whole: <c>name.weight</c>, m × n.</summary>
/// <param name="name">Module name.</param>
/// <param name="weight">W.</param>
/// <param name="bias">m numbers, or null.</param>
internal sealed class DenseLinear(string name, StoredTensor weight, StoredTensor? bias)
    : LinearModule(name, weight.Rows, weight.Columns, bias)
{
    /// <summary>W, m × n.</summary>
    public StoredTensor Weight { get; } = weight;

    /// <inheritdoc/>
    public override string Kind => "dense";

    /// <inheritdoc/>
    public override int? Rank => null;

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> StoredTensors => [Weight];

    /// <inheritdoc/>
    public override void Forward(IBackend backend, Tensor x, Tensor y, bool accumulate = false) =>
        backend.Linear(x, Weight, Bias, y, accumulate);

    /// <inheritdoc/>
    public override void BackwardInput(IBackend backend, Tensor dy, Tensor dx, bool accumulate = false) =>
        backend.LinearBackward(dy, Weight, dx, accumulate);

    /// <inheritdoc/>
    public override float[] ToDense(IBackend backend) => Weight.ToSingles();
}
