using NUnit.Framework;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.States;

namespace SvdSurgeon.Tests.Pipeline.Statistics;

/// <summary>
/// What the dense model predicts goes to files where the memory is small, and the divergences are the same to the last bit.
/// </summary>
[TestFixture]
public sealed class DenseOutputsTests
{
    [Test]
    public void Divergences_do_not_depend_on_where_the_dense_outputs_are()
    {
        using var run = new TinyRun();
        var inMemory = run.Context() with { Memory = 1L << 40 };
        var inFiles = inMemory with { Memory = 1 };
        Directory.CreateDirectory(inFiles.Work.Path);
        var tokens = run.Tokens(8);
        using DenseOutputs one = DenseOutputs.Of(inMemory, tokens),
            other = DenseOutputs.Of(inFiles, tokens);
        var model = DecoderModel.Load(run.Model);
        using var hidden = run.Backend.Allocate(3 * TinyRun.Length, model.Config.HiddenSize);
        var random = new Random(5);
        run.Backend.Upload([.. Enumerable.Range(0, hidden.Rows * hidden.Columns).Select(_ => random.NextSingle() - 0.5f)], hidden);
        using var gradient = run.Backend.Allocate(hidden.Rows, hidden.Columns);
        float[] expected = new float[hidden.Rows * hidden.Columns],
            actual = new float[expected.Length];
        double first = one.Divergence(model, hidden, 2, gradient);
        run.Backend.Download(gradient, expected);
        double second = other.Divergence(model, hidden, 2, gradient);
        run.Backend.Download(gradient, actual);
        Assert.That(first, Is.GreaterThan(0));
        Assert.That(second, Is.EqualTo(first));
        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(other.Divergence(model, hidden, 5), Is.EqualTo(one.Divergence(model, hidden, 5)));
        Assert.That(Directory.GetFileSystemEntries(inFiles.Work.Path), Is.Empty, "the files have no names");
    }
}
