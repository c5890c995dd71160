using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Export;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Interop.Tests;

/// <summary>Factored models in llama.cpp, merged and as a base with an adapter.</summary>
public class GgufAdapterTests
{
    private readonly CpuBackend _backend = new(2);
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [OneTimeTearDown]
    public void CloseBackend() => _backend.Dispose();

    private static string Asset(string name) => Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", name);

    [TestCase(StorageForm.Factored, null)]
    [TestCase(StorageForm.Pivoted, null)]
    [TestCase(StorageForm.Factored, ColumnMode.Preserve)]
    public void A_factored_model_continues_alike_merged_and_as_base_with_adapter(StorageForm storage, ColumnMode? columns)
    {
        string compressed = Compress(
            new CompressionOptions
            {
                Ratios = [0.6],
                Method = CompressionMethod.Whiten,
                Surgeon = SurgeonMode.None,
                Storage = storage,
                Columns = columns,
            }
        );
        string text = File.ReadAllText(Asset("texts/evaluation.txt"))[..1000];
        int[] ids = Tokenizer.Open(compressed).Encode(text)[..128];
        using var ours = new OwnModel(compressed);
        int[] expected = ours.Greedy(ids[..48], 64);
        double loss = ours.MeanLoss(ids);

        string merged = Exporter.Run(compressed, "gguf", new ExportOptions(), _folder["merged.gguf"], _backend).Files[0].Path;
        using (var theirs = new LlamaCpp(merged))
        {
            Assert.That(theirs.MeanLoss(ids), Is.EqualTo(loss).Within(2e-3), "merged");
            Assert.That(theirs.Greedy(ids[..48], 64)[..expected.Length], Is.EqualTo(expected), "merged");
        }
        var pair = Exporter.Run(compressed, "gguf", new ExportOptions { Adapter = true }, _folder["pair"], _backend);
        using (var theirs = new LlamaCpp(pair.Files[1].Path, pair.Files[0].Path))
        {
            Assert.That(theirs.MeanLoss(ids), Is.EqualTo(loss).Within(2e-3), "adapter");
            Assert.That(theirs.Greedy(ids[..48], 64)[..expected.Length], Is.EqualTo(expected), "adapter");
        }
    }

    private string Compress(CompressionOptions options)
    {
        using var model = Checkpoint.Open(Asset("tinytales-llama"));
        var tokenizer = Tokenizer.Open(Asset("tinytales-llama"));
        string text = File.ReadAllText(Asset("texts/calibration.txt"));
        var job = new CompressionJob
        {
            Model = model,
            Calibration = CalibrationSampler.Sample(tokenizer, text, "calibration.txt", sequences: 16, sequenceLength: 128, seed: 0),
            OutputFolder = _folder["out"],
            Options = options with { Sequences = 16, FisherSequences = 8, KlSequences = 8 },
        };
        return Compressor.Run(job, _backend).Models[0].Folder;
    }
}
