using System.Text;
using NUnit.Framework;
using SvdSurgeon.Tokenization;
using SvdSurgeon.Tokenization.Bpe;
using SvdSurgeon.Tokenization.Files;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class GgufTokenizerTests
{
    private const int TextType = 8,
        ArrayType = 9,
        Int32Type = 5,
        UInt32Type = 4,
        SingleType = 6,
        BoolType = 7;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    // The same vocabulary as GGUF metadata and as a SentencePiece file.
    [TestCase("tinytales-llama")]
    [TestCase("llama2")]
    public void Sentencepiece_scores_give_the_same_ids_from_metadata(string name)
    {
        var model = (BpeTokenizer)TokenizerGolden.Open(name);
        var gguf = Tokenizer.Open(WriteSentencePiece(model));
        foreach (
            var (text, _, _, _) in TokenizerGolden
                .Cases("llama2")
                .Where(item => !item.Text.Contains("<s>") && !item.Text.Contains("</s>") && !item.Text.Contains("<unk>"))
        )
        {
            var ids = model.Encode(text);
            Assert.That(gguf.Encode(text), Is.EqualTo(ids), text);
            Assert.That(gguf.Decode(ids), Is.EqualTo(model.Decode(ids)), text);
        }
        Assert.That((gguf.BosTokenId, gguf.EosTokenId), Is.EqualTo((1, 2)));
    }

    [Test]
    public void Written_as_tokenizer_json_a_sentencepiece_vocabulary_gives_the_same_ids_and_texts()
    {
        var gguf = Tokenizer.Open(WriteSentencePiece((BpeTokenizer)TokenizerGolden.Open("tinytales-llama")));
        gguf.WriteTokenizerJson(Path.Combine(_folder.Path, "tokenizer.json"));
        var written = Tokenizer.Open(Path.Combine(_folder.Path, "tokenizer.json"));
        foreach (var (text, _, _, _) in TokenizerGolden.Cases("llama2"))
        {
            var ids = gguf.Encode(text);
            Assert.That(written.Encode(text), Is.EqualTo(ids), text);
            Assert.That(written.Decode(ids), Is.EqualTo(gguf.Decode(ids)), text);
            Assert.That(written.Decode(ids, skipSpecialTokens: false), Is.EqualTo(gguf.Decode(ids, skipSpecialTokens: false)), text);
        }
    }

    [TestCase("llama-bpe", "'S 1234", "'S| |123|4")]
    [TestCase("qwen2", "'S 1234", "'S| |1|2|3|4")]
    [TestCase("gpt-2", "'S 1234", "'|S| 1234")]
    [TestCase("smollm", "'S 1234", "'|S| |1|2|3|4")]
    public void The_pre_tokenizer_goes_by_its_name(string pre, string text, string expected)
    {
        // A vocabulary in which every run of the text is a token once its pieces are cut: bytes, and merges that join neighbours from the
        // left.
        var tokenizer = Tokenizer.Open(WriteByteLevel(pre, text));
        var pieces = tokenizer.Encode(text, addSpecialTokens: false).Select(id => tokenizer.Decode([id]));
        Assert.That(string.Join('|', pieces), Is.EqualTo(expected));
    }

    [Test]
    public void Llama_3_begins_a_text_with_its_token_unless_the_file_says_otherwise()
    {
        Assert.That(Tokenizer.Open(WriteByteLevel("llama-bpe", "ab")).Encode("")[..], Is.EqualTo((int[])[0]));
        Assert.That(Tokenizer.Open(WriteByteLevel("llama-bpe", "ab", addBos: false)).Encode(""), Is.Empty);
        Assert.That(Tokenizer.Open(WriteByteLevel("gpt-2", "ab")).Encode(""), Is.Empty);
        Assert.That(Tokenizer.Open(WriteByteLevel("gpt-2", "ab", addBos: true)).Encode(""), Is.EqualTo((int[])[0]));
    }

    [Test]
    public void What_is_not_supported_or_missing_is_named()
    {
        Assert.That(
            () => Tokenizer.Open(WriteByteLevel("tekken", "ab")),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("'tekken'")
        );
        Assert.That(
            () => Tokenizer.Open(Write(("tokenizer.ggml.model", TextType, "t5"), ("tokenizer.ggml.tokens", ArrayType, (string[])["a"]))),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("'t5'")
        );
        Assert.That(
            () => Tokenizer.Open(Write(("tokenizer.ggml.model", TextType, "llama"), ("tokenizer.ggml.tokens", ArrayType, (string[])["a"]))),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("tokenizer.ggml.scores")
        );
        Assert.That(
            () => Tokenizer.Open(Write(("general.architecture", TextType, "llama"))),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("tokenizer.ggml.model")
        );
        Assert.That(
            () =>
                Tokenizer.Open(
                    Write(
                        ("tokenizer.ggml.model", TextType, "gpt2"),
                        ("tokenizer.ggml.tokens", ArrayType, (string[])["a"]),
                        ("tokenizer.ggml.token_type", ArrayType, (int[])[1, 1])
                    )
                ),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("tokenizer.ggml.token_type")
        );
    }

    private string WriteByteLevel(string pre, string text, bool? addBos = null)
    {
        List<string> tokens = ["<bos>", .. Enumerable.Range(0, 256).Select(value => ByteAlphabet.CharacterOf((byte)value).ToString())];
        var merges = new List<string>();
        var mapped = string.Concat(Encoding.UTF8.GetBytes(text).Select(ByteAlphabet.CharacterOf));
        for (var start = 0; start < mapped.Length; start++)
        for (var length = 2; start + length <= mapped.Length; length++)
            if (!tokens.Contains(mapped.Substring(start, length)))
            {
                tokens.Add(mapped.Substring(start, length));
                merges.Add($"{mapped.Substring(start, length - 1)} {mapped[start + length - 1]}");
            }
        List<(string, int, object)> metadata =
        [
            ("tokenizer.ggml.model", TextType, "gpt2"),
            ("tokenizer.ggml.pre", TextType, pre),
            ("tokenizer.ggml.tokens", ArrayType, tokens.ToArray()),
            ("tokenizer.ggml.merges", ArrayType, merges.ToArray()),
            ("tokenizer.ggml.token_type", ArrayType, tokens.Select((_, id) => id == 0 ? 3 : 1).ToArray()),
            ("tokenizer.ggml.bos_token_id", UInt32Type, 0),
        ];
        if (addBos is { } flag)
            metadata.Add(("tokenizer.ggml.add_bos_token", BoolType, flag));
        return Write([.. metadata]);
    }

    private string WriteSentencePiece(BpeTokenizer model)
    {
        // Scores are read from the file once more: the tokenizer keeps ranks only.
        var file = new ProtobufReader(File.ReadAllBytes(model.Parts.File));
        var pieces = new List<string>();
        var scores = new List<float>();
        var types = new List<int>();
        while (file.Read())
        {
            if (file.Field != 1)
                continue;
            types.Add(1);
            scores.Add(0);
            var piece = new ProtobufReader(file.Bytes);
            while (piece.Read())
            {
                if (piece.Field == 1)
                    pieces.Add(piece.Text);
                else if (piece.Field == 2)
                    scores[^1] = piece.Single;
                else if (piece.Field == 3)
                    types[^1] = (int)piece.Integer;
            }
        }
        return Write(
            ("tokenizer.ggml.model", TextType, "llama"),
            ("tokenizer.ggml.tokens", ArrayType, pieces.ToArray()),
            ("tokenizer.ggml.scores", ArrayType, scores.ToArray()),
            ("tokenizer.ggml.token_type", ArrayType, types.ToArray()),
            ("tokenizer.ggml.bos_token_id", UInt32Type, 1),
            ("tokenizer.ggml.eos_token_id", UInt32Type, 2)
        );
    }

    private string Write(params (string Key, int Type, object Value)[] metadata)
    {
        var path = Path.Combine(_folder.Path, "vocabulary.gguf");
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write("GGUF"u8);
        writer.Write(3);
        writer.Write(0L);
        writer.Write((long)metadata.Length);
        foreach (var (key, type, value) in metadata)
        {
            WriteText(writer, key);
            writer.Write(type);
            WriteValue(writer, value);
        }
        return path;
    }

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                WriteText(writer, text);
                break;
            case int number:
                writer.Write(number);
                break;
            case float number:
                writer.Write(number);
                break;
            case bool flag:
                writer.Write(flag);
                break;
            case string[] texts:
                WriteArray(writer, TextType, texts);
                break;
            case int[] numbers:
                WriteArray(writer, Int32Type, numbers);
                break;
            case float[] numbers:
                WriteArray(writer, SingleType, numbers);
                break;
        }
    }

    private static void WriteArray<T>(BinaryWriter writer, int type, T[] values)
    {
        writer.Write(type);
        writer.Write((long)values.Length);
        foreach (var value in values)
            WriteValue(writer, value!);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((long)bytes.Length);
        writer.Write(bytes);
    }
}
