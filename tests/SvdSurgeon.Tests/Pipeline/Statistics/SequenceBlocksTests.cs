using NUnit.Framework;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Tests.Pipeline.Statistics;

[TestFixture]
public sealed class SequenceBlocksTests
{
    [Test]
    public void Shards_cover_every_sequence_once_in_order()
    {
        foreach (int sequences in (int[])[1, 3, 4, 24, 64, 100, 513])
        foreach (int length in (int[])[2, 64, 512, 4096])
        {
            var blocks = SequenceBlocks.Of(sequences, length);
            Assert.That(blocks.Count, Is.LessThanOrEqualTo(16));
            for (int shards = 1; shards <= blocks.Count; shards++)
            {
                var batches = Enumerable
                    .Range(1, shards)
                    .SelectMany(i => blocks.Of(new Shard(i, shards)))
                    .SelectMany(block => blocks.Batches(block, length));
                var seen = batches.SelectMany(batch => Enumerable.Range(batch.First, batch.Count));
                Assert.That(seen, Is.EqualTo(Enumerable.Range(0, sequences)), $"{sequences} sequences of {length}, {shards} shards");
            }
        }
    }

    [TestCase("1/1", 1, 1), TestCase("3/16", 3, 16)]
    public void A_shard_is_written_i_of_n(string text, int index, int count) =>
        Assert.That(Shard.Parse(text), Is.EqualTo(new Shard(index, count)));

    [TestCase("600MB", 600_000_000), TestCase("1.5GB", 1_500_000_000), TestCase("512MiB", 512L << 20), TestCase("4G", 4_000_000_000)]
    public void An_amount_of_memory_has_a_unit(string text, long bytes) => Assert.That(ProcessMemory.Parse(text), Is.EqualTo(bytes));

    [TestCase("600"), TestCase("MB"), TestCase("-1GB"), TestCase("10MB"), TestCase("1e3GB")]
    public void An_amount_that_cannot_be_is_refused(string text) =>
        Assert.That(() => ProcessMemory.Parse(text), Throws.TypeOf<InvalidInputException>().With.Message.Contains("--memory " + text));
}
