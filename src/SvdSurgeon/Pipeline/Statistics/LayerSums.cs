using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Statistics;

/// <summary>What one statistic sums over the calibration tokens, for the linear modules of some layers.</summary>
internal abstract class LayerSums : ILinearVisitor, IDisposable
{
    public virtual void Input(InputGroup group, Tensor x) { }

    public virtual void Gradient(LinearModule module, Tensor x, Tensor dy) { }

    /// <summary>Adds what was summed since the last call to <paramref name="sums"/> and starts again from zero.</summary>
    public abstract void MoveTo(Sums sums, DecoderLayer layer);

    public abstract void Dispose();
}
