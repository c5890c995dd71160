using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>Pivoted storage of the same matrices, at the same rank, in every storage type: what rounding fewer numbers costs.</summary>
[TestFixture, Category("Slow")]
public sealed class PivotedPrecisionTests
{
    // Per cents of perplexity between the two forms; measured 0.0000, 0.0006 and 0.0026.
    private const double Tolerance = 0.05;

    private const int Windows = 16;

    private readonly TinyTales _tales = new();
    private string _folder = "";

    [OneTimeSetUp]
    public void Compress()
    {
        var options = new CompressionOptions
        {
            Method = CompressionMethod.Kfac,
            Allocate = AllocationRule.Spectrum,
            Surgeon = SurgeonMode.None,
            Ratios = [0.6],
            StorageType = DType.F32,
        };
        _folder = _tales.Compress(options, sequences: 32, windows: 1).Models[0].Folder;
    }

    [OneTimeTearDown]
    public void Delete() => _tales.Dispose();

    [TestCase(DType.F32), TestCase(DType.F16), TestCase(DType.BF16)]
    public void Pivoted_and_factored_modules_of_one_rank_give_one_perplexity(DType type)
    {
        using var compressed = Checkpoint.Open(_folder);
        using var backend = new CpuBackend(1);
        double factored = Of(Converted(StorageForm.Factored)),
            pivoted = Of(Converted(StorageForm.Pivoted));
        TestContext.Out.WriteLine($"{type}: factored {factored:F6}, pivoted {pivoted:F6}, {100 * (pivoted / factored - 1):F4} %");
        Assert.That(pivoted, Is.EqualTo(factored).Within(Tolerance).Percent);

        double Of(DecoderModel model) => Perplexity.Evaluate(model, backend, TinyTales.Evaluation(Windows)).Ppl;

        DecoderModel Converted(StorageForm form)
        {
            var model = DecoderModel.Load(compressed);
            foreach (var module in model.Linears.OfType<LowRankLinear>().ToList())
            {
                var factors = new LowRankFactors(Wide(module.A), Wide(module.B));
                if (form == StorageForm.Factored)
                    model.Replace(module.Name, StoredForms.LowRank(module, factors, type));
                else
                {
                    var p = PivotedStorage.From(backend.LinearAlgebra, factors);
                    model.Replace(
                        module.Name,
                        new PivotedLinear(
                            module.Name,
                            LinearModule.StoreIndices(module.Name + ".pivots", p.Pivots),
                            Stored(module.Name + ".basis", p.Basis),
                            Stored(module.Name + ".mix", p.Mix),
                            module.Bias
                        )
                    );
                }
            }
            return model;
        }

        StoredTensor Stored(string name, Matrix matrix) =>
            StoredTensor.FromSingles(name, [matrix.Rows, matrix.Columns], matrix.ToSingles(), type);
    }

    private static Matrix Wide(StoredTensor tensor) => Matrix.FromSingles(tensor.Rows, tensor.Columns, tensor.ToSingles());
}
