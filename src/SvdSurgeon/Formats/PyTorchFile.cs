using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>A pytorch_model.bin file.</summary>
internal sealed class PyTorchFile : IDisposable
{
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; } = new Dictionary<string, StoredTensor>();

    public static PyTorchFile Open(string path) => throw new InvalidModelException($"{path}: pytorch_model.bin is not supported. Convert it to safetensors.");

    public void Dispose() { }
}
