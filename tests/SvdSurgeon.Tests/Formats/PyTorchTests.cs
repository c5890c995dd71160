using NUnit.Framework;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Tests.Formats;

public class PyTorchTests
{
    // Each pickle was saved from the same random model as the safetensors folder.
    [TestCase("opt-bin", "opt-postnorm-projected"), TestCase("llama-bin-sharded", "llama-mha"), TestCase("llama-sharded", "llama3-rope")]
    public void Another_file_of_the_same_model_holds_the_same_tensors(string files, string model)
    {
        using var actual = Checkpoint.Open(GoldenFiles.Copied("files", files));
        using var expected = Checkpoint.Open(GoldenFiles.Copied("models", model));
        Assert.That(actual.Tensors.Keys, Is.EquivalentTo(expected.Tensors.Keys));
        foreach (var (name, tensor) in expected.Tensors)
        {
            Assert.That(actual.Tensors[name].Shape, Is.EqualTo(tensor.Shape), name);
            Assert.That(actual.Tensors[name].Type, Is.EqualTo(tensor.Type), name);
            Assert.That(actual.Tensors[name].ToSingles(), Is.EqualTo(tensor.ToSingles()), name);
        }
    }
}
