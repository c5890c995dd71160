using NUnit.Framework;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Fisher;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Tests.Pipeline.Statistics;

/// <summary>Far more Fisher sequences than ranks: nothing in memory is larger than H̄ and one block of rows.</summary>
[TestFixture, NonParallelizable]
public sealed class SpectralGradientsTests
{
    // Beyond what a Fisher allocates per block: files opened, names, shapes.
    private const long Overhead = 64 << 10;

    [TestCase(64), TestCase(512)]
    public void Many_sequences_are_held_as_one_k_by_k_matrix_and_read_one_block_at_a_time(int sequences)
    {
        using var run = new TinyRun();
        var context = run.Context();
        var options = new CompressionOptions { Method = CompressionMethod.Svd, Ratios = [0.5] };
        var tokens = run.Tokens(sequences);
        var factors = FactorSet.Decompose(context, ModuleMetric.Collect(context, options, tokens), options);
        var gradients = SpectralGradients.Collect(context, factors, tokens);
        string module = context.Model.Linears[0].Name;

        // Stored: blocks of at most 32 rows, each a file of its own.
        string[] parts = [.. Directory.GetFiles(gradients.Artifact.Folder, "sequences.*.safetensors")];
        Assert.That(parts, Has.Length.AtLeast(sequences / SequenceBlocks.PerGradientPart));
        foreach (string part in parts)
        {
            using var file = SafeTensorsFile.Open(part);
            Assert.That(file[module].Rows, Is.LessThanOrEqualTo(SequenceBlocks.PerGradientPart));
        }

        // In memory: H̄ and fewer than k rows that are not folded yet, for 64 sequences as for 512.
        using var fishers = gradients.Open(run.Backend.LinearAlgebra, 0);
        var fisher = fishers.Fisher(module);
        var state = fisher.Save();
        Assert.Multiple(() =>
        {
            Assert.That((fisher.Samples, state.Gram!.Rows, state.Gram.Columns), Is.EqualTo(((long)sequences, fisher.Size, fisher.Size)));
            Assert.That(state.Gradients.Rows, Is.LessThan(fisher.Size));
            Assert.That(fisher.Size, Is.LessThan(sequences / 2), "more samples than components, else this shows nothing");
        });
        fisher = null;
        state = null;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        fisher = fishers.Fisher(module);
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.That(held, Is.LessThan(2L * fisher.Size * fisher.Size * sizeof(double) + Overhead));

        // And it is the sum over all of them.
        var expected = new double[fisher.Size];
        foreach (string part in parts)
        {
            using var file = SafeTensorsFile.Open(part);
            float[] rows = file[module].ToSingles();
            for (int i = 0; i < rows.Length; i++)
                expected[i % fisher.Size] += (double)rows[i] * rows[i];
        }
        var pool = fisher.Pool(fisher.Size).ToMatrix();
        for (int i = 0; i < expected.Length; i++)
            Assert.That(pool[i, i], Is.EqualTo(expected[i]).Within(1e-9).Percent);
    }
}
