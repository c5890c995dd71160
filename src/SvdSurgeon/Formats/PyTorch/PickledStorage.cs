using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.PyTorch;

/// <summary>A storage: the name of its archive entry, its type and how many numbers it has.</summary>
internal sealed record PickledStorage(DType Type, string Key, long Count);
