using NUnit.Framework;
using SvdSurgeon.Tokenization;
using SvdSurgeon.Tokenization.Bpe;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class SentencePieceTests
{
    private const int Bpe = 2;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Equal_scores_merge_from_the_left_and_higher_scores_first()
    {
        var tokenizer = Open(
            [
                ("<unk>", 0, PieceType.Unknown),
                ("a", -9, PieceType.Normal),
                ("b", -9, PieceType.Normal),
                ("▁", -9, PieceType.Normal),
                ("aa", -1, PieceType.Normal),
                ("ab", -1, PieceType.Normal),
                ("bb", -0.5f, PieceType.Normal),
            ],
            addDummyPrefix: false
        );
        Assert.That(Pieces(tokenizer, "aaab"), Is.EqualTo((string[])["aa", "ab"]));
        Assert.That(Pieces(tokenizer, "abb"), Is.EqualTo((string[])["a", "bb"]));
    }

    [Test]
    public void Extra_spaces_are_removed_where_the_model_says_so()
    {
        (string, float, PieceType)[] pieces =
        [
            ("<unk>", 0, PieceType.Unknown),
            ("▁", -2, PieceType.Normal),
            ("a", -3, PieceType.Normal),
            ("▁a", -1, PieceType.Normal),
        ];
        var tokenizer = Open(pieces, removeExtraSpaces: true);
        Assert.That(Pieces(tokenizer, "  a   a "), Is.EqualTo((string[])["▁a", "▁a"]));
        Assert.That(tokenizer.Decode(tokenizer.Encode("  a   a ")), Is.EqualTo("a a"));
        Assert.That(Pieces(tokenizer, "   "), Is.Empty);
        Assert.That(Pieces(Open(pieces), "  a"), Is.EqualTo((string[])["▁", "▁", "▁a"]));
    }

    [Test]
    public void Neighbouring_unknown_characters_are_one_unknown_token_across_words()
    {
        var tokenizer = Open([("<unk>", 0, PieceType.Unknown), ("a", -1, PieceType.Normal)]);
        Assert.That(tokenizer.Encode("xyaz z\U0001F600", addSpecialTokens: false), Is.EqualTo((int[])[0, 1, 0])); // ▁ is unknown too
        Assert.That(tokenizer.Decode([1, 0]), Is.EqualTo("a \u2047 "));
    }

    [Test]
    public void User_defined_pieces_are_taken_whole_before_anything_merges()
    {
        var tokenizer = Open([
            ("<unk>", 0, PieceType.Unknown),
            ("▁", -5, PieceType.Normal),
            ("a", -6, PieceType.Normal),
            ("b", -7, PieceType.Normal),
            ("ab", -1, PieceType.Normal),
            ("▁a", -2, PieceType.Normal),
            ("ba", 0, PieceType.UserDefined),
            ("b▁", 0, PieceType.UserDefined),
        ]);
        Assert.That(Pieces(tokenizer, "abab b"), Is.EqualTo((string[])["▁a", "ba", "b▁", "b"]));
    }

    [Test]
    public void Control_tokens_are_plain_text_and_leave_no_text()
    {
        var tokenizer = Open([
            ("<unk>", 0, PieceType.Unknown),
            ("<s>", 0, PieceType.Control),
            ("s", -1, PieceType.Normal),
            ("<", -2, PieceType.Normal),
            (">", -3, PieceType.Normal),
            ("▁", -4, PieceType.Normal),
        ]);
        Assert.That(tokenizer.Encode("<s>"), Is.EqualTo((int[])[1, 5, 3, 2, 4]));
        Assert.That(tokenizer.Decode([1, 5, 3, 2, 4]), Is.EqualTo("<s>"));
    }

    [Test]
    public void A_character_that_occurs_in_longer_pieces_only_still_merges()
    {
        var tokenizer = Open(
            [("<unk>", 0, PieceType.Unknown), ("▁", -4, PieceType.Normal), ("a", -5, PieceType.Normal), ("ab", -1, PieceType.Normal)],
            addDummyPrefix: false
        );
        Assert.That(tokenizer.Encode("abba", addSpecialTokens: false), Is.EqualTo((int[])[3, 0, 2]));
    }

    [Test]
    public void Unused_pieces_are_given_out_in_parts()
    {
        var tokenizer = Open(
            [
                ("<unk>", 0, PieceType.Unknown),
                ("▁", -4, PieceType.Normal),
                ("a", -5, PieceType.Normal),
                ("b", -6, PieceType.Normal),
                ("ab", -1, PieceType.Unused),
                ("aba", -2, PieceType.Normal),
            ],
            addDummyPrefix: false
        );
        Assert.That(Pieces(tokenizer, "ab"), Is.EqualTo((string[])["a", "b"]));
        Assert.That(Pieces(tokenizer, "aba"), Is.EqualTo((string[])["aba"]));
    }

    [Test]
    public void Pieces_with_a_space_inside_merge_across_words()
    {
        var tokenizer = Open(
            [
                ("<unk>", 0, PieceType.Unknown),
                ("▁", -4, PieceType.Normal),
                ("a", -5, PieceType.Normal),
                ("b", -6, PieceType.Normal),
                ("a▁", -1, PieceType.Normal),
                ("a▁b", -2, PieceType.Normal),
            ],
            addDummyPrefix: false
        );
        Assert.That(Pieces(tokenizer, "a b a b b"), Is.EqualTo((string[])["a▁b", "▁", "a▁b", "▁", "b"]));
    }

    [Test]
    public void The_settings_beside_the_model_decide_on_the_tokens_around_a_text()
    {
        (string, float, PieceType)[] pieces =
        [
            ("<unk>", 0, PieceType.Unknown),
            ("<s>", 0, PieceType.Control),
            ("</s>", 0, PieceType.Control),
            ("▁", -4, PieceType.Normal),
            ("a", -5, PieceType.Normal),
        ];
        Assert.That(Open(pieces).Encode("a"), Is.EqualTo((int[])[1, 3, 4]));
        _folder.Write("tokenizer_config.json", """{ "add_bos_token": false, "add_eos_token": true, "eos_token": { "content": "</s>" } }""");
        Assert.That(Open(pieces).Encode("a"), Is.EqualTo((int[])[3, 4, 2]));
        _folder.Write("added_tokens.json", """{ "<pad>": 5 }""");
        var tokenizer = Open(pieces);
        Assert.That(tokenizer.Encode("a<pad>"), Is.EqualTo((int[])[3, 4, 5, 2]));
        Assert.That(tokenizer.VocabularySize, Is.EqualTo(6));
    }

    [TestCase(1, "unigram")]
    [TestCase(3, "word")]
    [TestCase(4, "char")]
    public void Other_model_types_are_refused_by_name(int type, string name) =>
        Assert.That(
            () => Open([("<unk>", 0, PieceType.Unknown)], modelType: type),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains($"'{name}'").And.Message.Contains("tokenizer.model")
        );

    [Test]
    public void A_character_map_is_refused_by_the_normalizers_name() =>
        Assert.That(
            () => Open([("<unk>", 0, PieceType.Unknown)], characterMap: "x"),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("nmt_nfkc")
        );

    [Test]
    public void A_missing_byte_token_is_an_error() =>
        Assert.That(
            () => Open([("<unk>", 0, PieceType.Unknown), ("<0x00>", 0, PieceType.Byte)]),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("<0x01>")
        );

    [Test]
    public void A_damaged_file_is_an_error_that_names_it()
    {
        var bytes = File.ReadAllBytes(GoldenFiles.Copied("tokenizers", "tinytales-llama", "tokenizer.model"));
        var path = Path.Combine(_folder.Path, "cut.model");
        foreach (var length in (int[])[0, 1, 7, 300, bytes.Length - 1])
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.That(
                () => Tokenizer.Open(path),
                Throws.InstanceOf<InvalidModelException>().With.Message.Contains("cut.model"),
                $"{length} bytes"
            );
        }
    }

    [Test]
    public void A_changed_byte_is_an_error_of_the_model_or_none()
    {
        const int Seed = 3;
        TestContext.Out.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var bytes = File.ReadAllBytes(GoldenFiles.Copied("tokenizers", "tinytales-llama", "tokenizer.model"));
        var path = Path.Combine(_folder.Path, "changed.model");
        for (var round = 0; round < 300; round++)
        {
            var changed = (byte[])bytes.Clone();
            changed[random.Next(2) == 0 ? random.Next(changed.Length) : changed.Length - 1 - random.Next(100)] = (byte)random.Next(256);
            File.WriteAllBytes(path, changed);
            try
            {
                var tokenizer = Tokenizer.Open(path);
                tokenizer.Decode(tokenizer.Encode("Once upon a time 日本\0"));
            }
            catch (InvalidModelException error)
            {
                Assert.That(error.Message, Does.Contain("changed.model"));
            }
        }
    }

    private static string[] Pieces(Tokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text, addSpecialTokens: false).Select(id => ((BpeTokenizer)tokenizer).Parts.Vocabulary[id]!)];

    private Tokenizer Open(
        (string Text, float Score, PieceType Type)[] pieces,
        bool addDummyPrefix = true,
        bool removeExtraSpaces = false,
        int modelType = Bpe,
        string characterMap = ""
    )
    {
        var model = new ProtobufWriter();
        foreach (var (text, score, type) in pieces)
            model.Message(1, new ProtobufWriter().Text(1, text).Single(2, score).Integer(3, (int)type).Bytes);
        model.Message(2, new ProtobufWriter().Integer(3, modelType).Bytes);
        model.Message(
            3,
            new ProtobufWriter()
                .Text(1, characterMap == "" ? "identity" : "nmt_nfkc")
                .Text(2, characterMap)
                .Integer(3, addDummyPrefix ? 1 : 0)
                .Integer(4, removeExtraSpaces ? 1 : 0)
                .Bytes
        );
        var path = Path.Combine(_folder.Path, "tokenizer.model");
        File.WriteAllBytes(path, model.Bytes);
        return Tokenizer.Open(path);
    }
}
