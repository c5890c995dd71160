using System.Runtime.CompilerServices;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.Memory;

/// <summary>Weights of packed integers in a form that the kernels widen, made at the first use and kept as long as the weight is.</summary>
internal sealed class UnpackedWeights
{
    private readonly ConditionalWeakTable<StoredTensor, StoredTensor> _unpacked = [];

    /// <summary>The weight itself, or what stands for it on the device.</summary>
    public StoredTensor Of(StoredTensor weight) =>
        weight.HasSeparateScales ? _unpacked.GetValue(weight, packed => packed.Unpacked()) : weight;
}
