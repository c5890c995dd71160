using NUnit.Framework;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Export;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Interop.Tests.Onnx;

/// <summary>Compressed models keep their form: products in a row, gathered columns, pivoted rows.</summary>
public sealed class OnnxFactoredTests : OnnxTestBase
{
    private const double SingleTolerance = 1e-5; // of the largest logit
    private const double Int8Tolerance = 4e-2;

    [TestCase("tinytales-llama", StorageForm.Factored, null)]
    [TestCase("tinytales-llama", StorageForm.Pivoted, null)]
    [TestCase("tinytales-llama", StorageForm.Factored, ColumnMode.Preserve)]
    [TestCase("tinytales-opt", StorageForm.Factored, null)]
    [TestCase("tinytales-opt", StorageForm.Pivoted, null)]
    [TestCase("tinytales-opt", StorageForm.Factored, ColumnMode.Preserve)]
    public void A_compressed_model_runs_as_it_is_stored(string name, StorageForm storage, ColumnMode? columns)
    {
        string compressed = Compress(name, storage, columns);
        int[] ids = Tokenizer.Open(compressed).Encode(File.ReadAllText(Asset("texts", "evaluation.txt")).AsSpan(0, 300))[..64];
        string folder = Export(compressed, "f32");
        float[] expected = OwnLogits(compressed, ids);
        using (var session = new OnnxSession(folder))
            AssertClose(session.Logits(ids), expected, SingleTolerance, "f32");
        using (var theirs = new GenAi(folder))
        using (var ours = new OwnModel(compressed))
            Assert.That(theirs.Greedy(ids, 64), Is.EqualTo(ours.Greedy(ids, 64)), "continuation");
        using (var session = new OnnxSession(Export(compressed, "int8")))
            AssertClose(session.Logits(ids), expected, Int8Tolerance, "int8");
    }

    [Test]
    public void Factors_make_the_ONNX_model_smaller_too()
    {
        long dense = Bytes(Asset("tinytales-llama"));
        Assert.That(Bytes(Compress("tinytales-llama", StorageForm.Factored, null)), Is.LessThan(0.75 * dense));

        long Bytes(string model)
        {
            string folder = Folder["size-" + Path.GetFileName(model)];
            return Exporter.Run(model, "onnx", new ExportOptions { WithoutTokenizer = true }, folder, Backend).Bytes;
        }
    }

    private string Compress(string name, StorageForm storage, ColumnMode? columns)
    {
        using var model = Checkpoint.Open(Asset(name));
        string text = File.ReadAllText(Asset("texts", "calibration.txt"));
        var job = new CompressionJob
        {
            Model = model,
            Calibration = CalibrationSampler.Sample(
                Tokenizer.Open(Asset(name)),
                text,
                "calibration.txt",
                sequences: 8,
                sequenceLength: 128,
                seed: 0
            ),
            OutputFolder = Folder["compressed"],
            Options = new CompressionOptions
            {
                Ratios = [0.6],
                Method = CompressionMethod.Whiten,
                Surgeon = SurgeonMode.None,
                Storage = storage,
                Columns = columns,
                Sequences = 8,
                KlSequences = 8,
            },
        };
        return Compressor.Run(job, Backend).Models[0].Folder;
    }
}
