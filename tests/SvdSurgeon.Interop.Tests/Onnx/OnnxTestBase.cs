using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Export;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Interop.Tests.Onnx;

/// <summary>A folder per test, exports into it, and this program's own answers.</summary>
public abstract class OnnxTestBase
{
    private protected CpuBackend Backend { get; } = new(2);
    private protected TemporaryFolder Folder { get; private set; } = null!;

    [SetUp]
    public void CreateFolder() => Folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => Folder.Dispose();

    [OneTimeTearDown]
    public void CloseBackend() => Backend.Dispose();

    private protected static string Asset(params string[] path) =>
        Path.Combine([TestContext.CurrentContext.TestDirectory, "Assets", .. path]);

    private protected string Export(string model, string type, bool tokenizer = true)
    {
        string folder = Folder["onnx-" + type];
        Exporter.Run(model, "onnx", new ExportOptions { Type = type, WithoutTokenizer = !tokenizer }, folder, Backend);
        return folder;
    }

    /// <summary>Logits of this program, [tokens, vocabulary].</summary>
    private protected float[] OwnLogits(string path, int[] ids)
    {
        using var checkpoint = Checkpoint.Open(path);
        var model = DecoderModel.Load(checkpoint);
        using var hidden = Backend.Allocate(ids.Length, model.Config.HiddenSize);
        model.Embed(Backend, ids, 1, hidden);
        foreach (var layer in model.Layers)
            layer.Forward(Backend, hidden, new LayerContext(1, ids.Length));
        using var logits = Backend.Allocate(ids.Length, model.Head.Rows);
        model.Logits(Backend, hidden, logits);
        var values = new float[ids.Length * model.Head.Rows];
        Backend.Download(logits, values);
        return values;
    }

    /// <summary>Requires that two lists of logits differ by no more than a share of the largest.</summary>
    private protected static void AssertClose(float[] actual, float[] expected, double tolerance, string what)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), what);
        double largest = expected.Max(Math.Abs);
        double difference = expected.Zip(actual, (e, a) => (double)Math.Abs(e - a)).Max();
        Assert.That(difference / largest, Is.LessThan(tolerance), what);
    }
}
