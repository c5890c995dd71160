using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Pipeline.States;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Pipeline;

public sealed class DenseInputsTests
{
    // With 800 bytes everything goes to files.
    [
        TestCase("opt", long.MaxValue),
        TestCase("opt-postnorm-projected", long.MaxValue),
        TestCase("llama-gqa-tied", long.MaxValue),
        TestCase("llama-gqa-tied", 800)
    ]
    public void They_are_what_the_layer_computes_up_to_each_group(string model, long memory)
    {
        using var run = new TinyRun(model);
        var (context, tokens) = (run.Context() with { Memory = memory }, run.Tokens(5));
        Directory.CreateDirectory(context.Work.Path);
        using var inputs = new DenseInputs(context, tokens);
        using var states = new HiddenStates(context, context.Model, tokens);
        foreach (var layer in context.Model.Layers)
        {
            // The second layer's inputs are not asked for, and those of the third are right all the same.
            if (layer.Index == 1)
                inputs.Skip(layer);
            else
            {
                inputs.Advance(layer);
                for (int g = 0; g < layer.Groups.Count; g++)
                {
                    using var expected = states.GroupInputs(layer, g, 1, 3);
                    inputs.Read(
                        g,
                        1,
                        3,
                        actual =>
                            Assert.That(
                                Numbers(run.Backend, actual),
                                Is.EqualTo(Numbers(run.Backend, expected)),
                                $"{model}, layer {layer.Index}, group {g}"
                            )
                    );
                }
            }
            states.Advance(layer);
        }
    }

    private static float[] Numbers(IBackend backend, Tensor tensor)
    {
        var numbers = new float[tensor.Length];
        backend.Download(tensor, numbers);
        return numbers;
    }
}
