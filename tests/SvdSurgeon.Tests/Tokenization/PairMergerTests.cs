using NUnit.Framework;
using SvdSurgeon.Tokenization.Bpe;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class PairMergerTests
{
    [TestCase(3, 4)]
    [TestCase(6, 30)]
    [TestCase(10, 200)]
    public void Short_and_long_words_merge_as_the_definition_says(int letters, int mergeCount)
    {
        const int Seed = 5;
        TestContext.Out.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        for (var round = 0; round < 40; round++)
        {
            var (table, merges) = RandomMerges(random, letters, mergeCount);
            var merger = new PairMerger(table);
            foreach (var length in (int[])[0, 1, 2, 3, 7, 39, 40, 41, 60, 150])
            {
                var symbols = Enumerable.Range(0, length).Select(_ => random.Next(letters)).ToArray();
                var expected = Naive(symbols, merges);
                Assert.That(symbols[..merger.Merge(symbols)], Is.EqualTo(expected));
            }
        }
    }

    [Test]
    public void A_million_equal_letters_are_no_quadratic_work()
    {
        var table = new MergeTable(3);
        table.Set(0, 0, 0, 1);
        table.Set(1, 1, 1, 2);
        table.Set(2, 2, 2, 3);
        var symbols = new int[1_000_003];
        var count = new PairMerger(table).Merge(symbols);
        Assert.That(count, Is.EqualTo(125_002));
        Assert.That(symbols[..count], Is.EqualTo(Enumerable.Repeat(3, 125_000).Append(1).Append(0)));
    }

    // Ranks may be equal, as SentencePiece's are for runs of spaces; then the leftmost pair goes first.
    private static (MergeTable Table, Dictionary<(int, int), (int Rank, int Result)> Merges) RandomMerges(
        Random random,
        int letters,
        int count
    )
    {
        var merges = new Dictionary<(int, int), (int Rank, int Result)>();
        var symbols = letters;
        while (merges.Count < count)
            if (merges.TryAdd((random.Next(symbols), random.Next(symbols)), (random.Next(count), symbols)))
                symbols++;
        var table = new MergeTable(count);
        foreach (var (pair, merge) in merges)
            table.Set(pair.Item1, pair.Item2, merge.Rank, merge.Result);
        return (table, merges);
    }

    private static List<int> Naive(int[] symbols, Dictionary<(int, int), (int Rank, int Result)> merges)
    {
        var word = symbols.ToList();
        while (true)
        {
            var best = Enumerable
                .Range(0, Math.Max(0, word.Count - 1))
                .Where(i => merges.ContainsKey((word[i], word[i + 1])))
                .OrderBy(i => merges[(word[i], word[i + 1])].Rank)
                .DefaultIfEmpty(-1)
                .First();
            if (best < 0)
                return word;
            word[best] = merges[(word[best], word[best + 1])].Result;
            word.RemoveAt(best + 1);
        }
    }
}
