using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Models;

/// <summary>Copies everything a pass hands out.</summary>
internal sealed class RecordingVisitor(SvdSurgeon.Backends.IBackend backend) : ILinearVisitor
{
    public Dictionary<string, float[]> Inputs { get; } = [];
    public Dictionary<string, (float[] X, float[] Dy)> Gradients { get; } = [];
    public List<string> Order { get; } = [];
    public List<(int First, int Count, int Length)> Batches { get; } = [];

    public void BeginBatch(int first, int count, int sequenceLength) => Batches.Add((first, count, sequenceLength));

    public void Input(InputGroup group, Tensor x)
    {
        Order.Add("input " + group.Name);
        foreach (var module in group.Modules)
            Append(Inputs, module.Name, Download(x));
    }

    public void Gradient(LinearModule module, Tensor x, Tensor dy)
    {
        Order.Add("gradient " + module.Name);
        var (oldX, oldDy) = Gradients.TryGetValue(module.Name, out var old) ? old : ([], []);
        Gradients[module.Name] = ([.. oldX, .. Download(x)], [.. oldDy, .. Download(dy)]);
    }

    private static void Append(Dictionary<string, float[]> to, string name, float[] values) =>
        to[name] = to.TryGetValue(name, out var old) ? [.. old, .. values] : values;

    private float[] Download(Tensor x)
    {
        var values = new float[x.Length];
        backend.Download(x, values);
        return values;
    }
}
