using NUnit.Framework;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.MLTokenizers.Tests;

/// <summary>The package and SvdSurgeon's own reader give the same ids.</summary>
public sealed class SameIdsTests
{
    private static readonly string[] Cases =
    [
        "Hello, world!",
        "It's 3.14159, isn't it?",
        "a  b   c",
        "line one\nline two\n",
        "Grüße aus Köln",
        "日本語の文",
        "emoji 🙂 here",
        "tabs\tand\ttabs",
        "CamelCase snake_case 1234567890",
    ];

    [TestCase("tinytales-opt/vocab.json"), TestCase("tinytales-llama/tokenizer.model")]
    public void Texts_have_the_same_ids(string tokenizer)
    {
        string assets = Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets"),
            path = Path.Combine(assets, tokenizer);
        var ours = Tokenizer.Open(path);
        var theirs = MLTokenizer.Open(path);
        var lines = File.ReadLines(Path.Combine(assets, "texts", "evaluation.txt")).Where(line => line.Length > 0).Take(200).ToList();
        Assert.That(lines, Has.Count.EqualTo(200));
        foreach (string text in Cases.Concat(lines))
            Assert.That(theirs.EncodeToIds(text), Is.EqualTo(ours.Encode(text, addSpecialTokens: false)), text);
    }

    [Test]
    public void A_folder_without_a_known_tokenizer_is_refused_with_the_way_out()
    {
        string empty = Directory.CreateTempSubdirectory("svdsurgeon-").FullName;
        try
        {
            Assert.That(() => MLTokenizer.Open(empty), Throws.InstanceOf<InvalidInputException>().With.Message.Contains("vocab.json"));
        }
        finally
        {
            Directory.Delete(empty);
        }
    }
}
