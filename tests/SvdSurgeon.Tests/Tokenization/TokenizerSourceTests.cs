using NUnit.Framework;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class TokenizerSourceTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_folder_gives_tokenizer_json_before_the_model_file_before_the_vocabulary()
    {
        Copy("opt-style", "vocab.json", "merges.txt");
        Assert.That(Tokenizer.Open(_folder.Path).Kind, Does.Contain("vocab.json"));
        Copy("tinytales-llama", "tokenizer.model");
        Assert.That(Tokenizer.Open(_folder.Path).Kind, Does.Contain("tokenizer.model"));
        Copy("llama3-style", "tokenizer.json");
        Assert.That(Tokenizer.Open(_folder.Path).Kind, Does.Contain("tokenizer.json"));
    }

    [Test]
    public void Opt_is_known_without_its_settings()
    {
        Copy("opt-style", "vocab.json", "merges.txt");
        var bare = Tokenizer.Open(Path.Combine(_folder.Path, "vocab.json"));
        var complete = TokenizerGolden.Open("opt-style");
        foreach (var (text, _, idsWithSpecial, _) in TokenizerGolden.Cases("opt-style"))
            Assert.That(bare.Encode(text), Is.EqualTo(idsWithSpecial), text);
        Assert.That((bare.BosTokenId, bare.EosTokenId), Is.EqualTo((complete.BosTokenId, complete.EosTokenId)).And.EqualTo((2, 2)));
    }

    [Test]
    public void Settings_can_leave_the_first_token_out_and_put_a_space_first()
    {
        Copy("opt-style", "vocab.json", "merges.txt");
        _folder.Write("tokenizer_config.json", """{ "add_bos_token": false, "add_prefix_space": true, "eos_token": "</s>" }""");
        var tokenizer = Tokenizer.Open(_folder.Path);
        Assert.That(tokenizer.Encode("Hello"), Is.EqualTo(TokenizerGolden.Open("opt-style").Encode(" Hello", addSpecialTokens: false)));
    }

    [Test]
    public void Begin_and_end_tokens_come_from_the_settings_beside_tokenizer_json()
    {
        Copy("llama3-style", "tokenizer.json");
        Assert.That(Tokenizer.Open(_folder.Path).BosTokenId, Is.EqualTo(2682), "from the template");
        _folder.Write("config.json", """{ "eos_token_id": [2684, 2683] }""");
        Assert.That(Tokenizer.Open(_folder.Path).EosTokenId, Is.EqualTo(2684));
        _folder.Write("tokenizer_config.json", """{ "eos_token": "<|end_of_text|>" }""");
        Assert.That(Tokenizer.Open(_folder.Path).EosTokenId, Is.EqualTo(2683));
    }

    [Test]
    public void An_empty_folder_is_an_error_that_says_what_was_looked_for() =>
        Assert.That(
            () => Tokenizer.Open(_folder.Path),
            Throws
                .InstanceOf<InvalidModelException>()
                .With.Message.Contains("tokenizer.json")
                .And.Message.Contains("tokenizer.model")
                .And.Message.Contains("vocab.json")
                .And.Message.Contains(_folder.Path)
        );

    [Test]
    public void A_vocabulary_needs_its_merges()
    {
        Copy("opt-style", "vocab.json");
        Assert.That(() => Tokenizer.Open(_folder.Path), Throws.InstanceOf<InvalidModelException>().With.Message.Contains("merges.txt"));
    }

    [Test]
    public void Merges_of_another_vocabulary_are_an_error()
    {
        Copy("opt-style", "vocab.json");
        _folder.Write("merges.txt", "#version: 0.2\nq q\n");
        Assert.That(() => Tokenizer.Open(_folder.Path), Throws.InstanceOf<InvalidModelException>().With.Message.Contains("'qq'"));
    }

    [TestCase("absent")]
    [TestCase("weights.safetensors")]
    public void Other_files_are_refused(string name)
    {
        if (name != "absent")
            _folder.Write(name, "");
        Assert.That(
            () => Tokenizer.Open(Path.Combine(_folder.Path, name)),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains(name)
        );
    }

    private void Copy(string tokenizer, params string[] names)
    {
        foreach (var name in names)
            File.Copy(GoldenFiles.Copied("tokenizers", tokenizer, name), Path.Combine(_folder.Path, name), overwrite: true);
    }
}
