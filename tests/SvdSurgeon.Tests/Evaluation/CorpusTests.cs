using NUnit.Framework;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Corpora;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Evaluation;

public sealed class CorpusTests
{
    private static Tokenizer Opt => Tokenizer.Open(Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-opt"));

    [Test]
    public void Contiguous_windows_predict_every_token_but_the_first()
    {
        int[] ids = [.. Enumerable.Range(0, 11)];
        var windows = TokenWindows.FromText(ids, 4, contiguous: true);
        Assert.That(windows.Slice(0, windows.Count).ToArray(), Is.EqualTo(new[] { 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9 }));
        Assert.That(TokenWindows.FromText(ids[..10], 4, contiguous: true).Count, Is.EqualTo(3));
        Assert.That(TokenWindows.FromText(ids[..9], 4, contiguous: true).Count, Is.EqualTo(2));
    }

    [Test]
    public void The_arenas_hash_is_SHA_256_of_eight_bytes_per_id()
    {
        // hashlib.sha256(b"".join(i.to_bytes(8, "little") for i in [1, 2, 300, 70000])).hexdigest() in Python
        var corpus = new Corpus("c", "c", TokenWindows.FromText([1, 2, 300, 70000, 5], 2, 2), 5, 1);
        Assert.That(corpus.TokenHash(), Is.EqualTo("7ca4facda93dc8ebc7a60c3fe69e2432e6d6a1e047fb42c937821266f15fce18"));
        Assert.That(corpus.ScoredTokens, Is.EqualTo(2));
    }

    [Test]
    public void The_arena_joins_documents_by_the_tokens_of_an_empty_line_and_stops_at_its_budget()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "c4.jsonl");
        File.WriteAllText(file, "{\"text\": \"The cat sat.\"}\n{\"text\": \" \"}\n{\"text\": \"A dog ran.\"}\n{\"text\": \"No more.\"}\n");
        var tokenizer = Opt;
        int[] Ids(string text) => tokenizer.Encode(text, addSpecialTokens: false);
        int[] expected = [.. Ids("The cat sat."), .. Ids("\n\n"), .. Ids("A dog ran.")];
        var corpus = Corpus.Read(
            "c4",
            [file],
            tokenizer,
            CorpusProtocol.Arena with
            {
                Length = expected.Length,
                MaxTokens = expected.Length,
            }
        );
        Assert.That(corpus.Windows.Slice(0, 1).ToArray(), Is.EqualTo(expected));
        Assert.That((corpus.Windows.Count, corpus.LoadedTokens, corpus.Documents), Is.EqualTo((1, expected.Length, 2)));
        Assert.That(
            Assert.Throws<InvalidInputException>(() => Corpus.Read("c4", [file], tokenizer, CorpusProtocol.Arena))!.Message,
            Does.StartWith(file).And.Contain("fewer than one window of 2,048")
        );
    }
}
