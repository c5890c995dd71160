namespace SvdSurgeon.Formats.PyTorch;

/// <summary>A tensor as a pickle describes it: a strided view of a storage.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);
