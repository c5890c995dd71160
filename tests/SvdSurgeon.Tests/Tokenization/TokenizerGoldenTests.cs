using System.Text;
using NUnit.Framework;

namespace SvdSurgeon.Tests.Tokenization;

[TestFixtureSource(typeof(TokenizerGolden), nameof(TokenizerGolden.Names))]
public sealed class TokenizerGoldenTests(string name)
{
    [Test]
    public void Every_text_has_the_ids_of_the_reference()
    {
        var tokenizer = TokenizerGolden.Open(name);
        foreach (var (text, ids, idsWithSpecial, _) in TokenizerGolden.Cases(name))
        {
            Assert.That(tokenizer.Encode(text, addSpecialTokens: false), Is.EqualTo(ids), text);
            Assert.That(tokenizer.Encode(text), Is.EqualTo(idsWithSpecial), text);
        }
    }

    [Test]
    public void Every_sequence_of_ids_has_the_text_of_the_reference()
    {
        var tokenizer = TokenizerGolden.Open(name);
        foreach (var (_, ids, _, decoded) in TokenizerGolden.Cases(name))
            Assert.That(tokenizer.Decode(ids, skipSpecialTokens: false), Is.EqualTo(decoded));
    }

    [Test]
    public void A_stream_gives_the_same_text_in_whole_characters()
    {
        var tokenizer = TokenizerGolden.Open(name);
        foreach (var (_, ids, _, decoded) in TokenizerGolden.Cases(name))
        {
            var pieces = TokenizerGolden.Stream(tokenizer, ids, skipSpecialTokens: false);
            Assert.That(string.Concat(pieces), Is.EqualTo(decoded));
            foreach (var piece in pieces)
                Assert.That(() => new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(piece), Throws.Nothing);
        }
    }

    [Test]
    public void Written_as_tokenizer_json_it_gives_the_same_ids_and_texts()
    {
        var tokenizer = TokenizerGolden.Open(name);
        using var folder = new TemporaryFolder();
        tokenizer.WriteTokenizerJson(Path.Combine(folder.Path, "tokenizer.json"));
        var written = SvdSurgeon.Tokenization.Tokenizer.Open(folder.Path);
        var texts = TokenizerGolden
            .Cases(name)
            .Select(item => item.Text)
            .Concat(Enumerable.Range(1, 120).Select(n => "a" + new string(' ', n) + "b"));
        // A SentencePiece model takes <s> in a text for text, tokenizer.json for the token.
        foreach (var text in texts.Where(text => name != "llama2" || !(text.Contains("<s>") || text.Contains("</s>"))))
        {
            var ids = tokenizer.Encode(text);
            Assert.That(written.Encode(text), Is.EqualTo(ids), text);
            Assert.That(written.Decode(ids), Is.EqualTo(tokenizer.Decode(ids)), text);
        }
        Assert.That(
            (written.BosTokenId, written.EosTokenId, written.VocabularySize),
            Is.EqualTo((tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.VocabularySize))
        );
    }
}
