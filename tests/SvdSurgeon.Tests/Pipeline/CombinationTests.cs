using System.Numerics;
using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// Every combination of method, columns, allocation, storage and update, each without and with the surgeon on top, end to end.
/// </summary>
[TestFixture, Parallelizable(ParallelScope.All), Category("Slow")]
internal sealed class CombinationTests
{
    private const double Ratio = 0.5;

    private static readonly CompressionOptions Common = new()
    {
        Ratios = [Ratio],
        Sequences = 6,
        FisherSequences = 6,
        KlSequences = 2,
        StorageType = Tensors.DType.F32,
        SurgeonOptions = new SurgeonOptions { PoolFraction = 0.3 },
    };

    public static IEnumerable<(CompressionMethod, WhiteningForm)> Metrics() =>
        [
            .. CompressionMethod.All.Where(m => !m.IsSearch).Select(m => (m, WhiteningForm.Cholesky)),
            (CompressionMethod.Whiten, WhiteningForm.Eigen),
        ];

    [Test]
    public void The_surgeon_works_on_top_of_every_combination(
        [Values("opt", "llama-gqa-tied")] string model,
        [ValueSource(nameof(Metrics))] (CompressionMethod Method, WhiteningForm Form) metric
    )
    {
        using var run = new TinyRun(model);
        int combinations = 0;
        // The models take turns: each sees every second combination, and every value of every option.
        foreach (
            var options in Combinations(Common with { Method = metric.Method, Whitening = metric.Form })
                .Where((_, i) => BitOperations.PopCount((uint)i) % 2 == (model == "opt" ? 0 : 1))
        )
        {
            string name =
                $"{options.Allocate} {options.Storage} {options.Columns?.ToString() ?? "no columns"}{(options.Update ? " update" : "")}";
            var plain = Run("without surgeon", options with { Surgeon = SurgeonMode.None });
            var still = Run(
                "strength 0",
                options with
                {
                    Surgeon = SurgeonMode.Update,
                    SurgeonOptions = options.SurgeonOptions with { Scale = 0 },
                }
            );
            Assert.That(
                still.Perplexity!.MeanNll,
                Is.EqualTo(plain.Perplexity!.MeanNll),
                $"{name}: the surgeon with strength 0 changes nothing"
            );
            Run("update", options with { Surgeon = SurgeonMode.Update });
            Run("select", options with { Surgeon = SurgeonMode.Select, Fisher = FisherSamples.Tokens });
            combinations++;

            CompressedModel Run(string surgeon, CompressionOptions o)
            {
                var result = run.Compress(o, name: $"{name} {surgeon}");
                Assert.That(result.AchievedRatio, Is.LessThanOrEqualTo(Ratio), $"{name}, {surgeon}: the budget holds");
                Assert.That(double.IsFinite(result.Perplexity!.MeanNll), $"{name}, {surgeon}: a usable model");
                return result;
            }
        }
        Assert.That(combinations, Is.GreaterThanOrEqualTo(8));
    }

    // All that Validate allows.
    private static IEnumerable<CompressionOptions> Combinations(CompressionOptions common) =>
        from allocate in AllocationRule.All
        from storage in Enum.GetValues<StorageForm>()
        from columns in (ColumnMode?[])[null, ColumnMode.Preserve, ColumnMode.Refit]
        from update in (bool[])[false, true]
        let options = common with
        {
            Allocate = allocate,
            Storage = storage,
            Columns = columns,
            Update = update,
        }
        where IsAllowed(options)
        select options;

    private static bool IsAllowed(CompressionOptions options)
    {
        try
        {
            options.Validate();
            return true;
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }
}
