using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Tokenization;

/// <summary>
/// Normalizers and pre-tokenizers of models that exist, against the ids of Hugging Face's tokenizers 0.23.2 (Rust) for 310 texts.
/// Byte-level ones get a vocabulary of all pairs of bytes that occur, so that every cut shows in the ids.
/// </summary>
[TestFixture]
public sealed class ReferenceComponentTests
{
    private static string Folder => GoldenFiles.Copied("tokenizers", "components");

    [TestCase("dsllm"), TestCase("bloom"), TestCase("falcon"), TestCase("whitespace-pre")]
    public void Byte_level_components_cut_as_the_reference_does(string name)
    {
        using var folder = new TemporaryFolder();
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!;
        json["model"] = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "pairs.json")));
        string file = Path.Combine(folder.Path, "tokenizer.json");
        File.WriteAllText(file, json.ToJsonString());
        Compare(Tokenizer.Open(file), name);
        // What is written says the same.
        string copy = Path.Combine(Directory.CreateDirectory(Path.Combine(folder.Path, "written")).FullName, "tokenizer.json");
        Tokenizer.Open(file).WriteTokenizerJson(copy);
        Compare(Tokenizer.Open(copy), name);
    }

    [TestCase("nfkc"), TestCase("strip")]
    public void Normalizers_change_texts_as_the_reference_does(string name)
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Tokenizer.Open(Path.Combine(Folder, name + ".json"));
        Compare(tokenizer, name);
        string copy = Path.Combine(folder.Path, "tokenizer.json");
        tokenizer.WriteTokenizerJson(copy);
        Compare(Tokenizer.Open(copy), name);
    }

    [Test]
    public void Vocabulary_and_merges_of_Qwen2_are_read_with_the_pattern_of_its_class() =>
        Compare(Tokenizer.Open(Path.Combine(Folder, "qwen")), "qwen");

    [Test]
    public void Vocabulary_and_merges_of_a_class_that_is_not_known_are_refused_by_its_name()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in (string[])["vocab.json", "merges.txt"])
            File.Copy(Path.Combine(Folder, "qwen", file), Path.Combine(folder.Path, file));
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), """{ "tokenizer_class": "MarvelTokenizer" }""");
        Assert.That(() => Tokenizer.Open(folder.Path), Throws.InstanceOf<InvalidModelException>().With.Message.Contains("MarvelTokenizer"));
    }

    [Test]
    public void A_field_that_is_not_known_is_named_in_a_warning()
    {
        using var folder = new TemporaryFolder();
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "strip.json")))!;
        json["model"]!["shuffle"] = true;
        json["normalizer"]!["normalizers"]![0]!["strip_middle"] = true;
        string file = Path.Combine(folder.Path, "tokenizer.json");
        File.WriteAllText(file, json.ToJsonString());
        Assert.That(
            Tokenizer.Open(file).Warnings,
            Has.Exactly(2).Items.And.Some.Contains("'model.shuffle'").And.Some.Contains("'normalizer.strip_middle'")
        );
    }

    private static void Compare(Tokenizer tokenizer, string name)
    {
        string[] texts = [.. File.ReadLines(Path.Combine(Folder, "texts.jsonl")).Select(line => JsonSerializer.Deserialize<string>(line)!)];
        int[][] expected =
        [
            .. File.ReadLines(Path.Combine(Folder, name + ".ids.jsonl")).Select(line => JsonSerializer.Deserialize<int[]>(line)!),
        ];
        Assert.That(texts, Has.Length.EqualTo(expected.Length).And.Length.GreaterThan(300));
        Assert.That(tokenizer.Warnings, Is.Empty);
        Assert.Multiple(() =>
        {
            for (int i = 0; i < texts.Length; i++)
                Assert.That(tokenizer.Encode(texts[i]), Is.EqualTo(expected[i]), JsonSerializer.Serialize(texts[i]));
        });
    }
}
