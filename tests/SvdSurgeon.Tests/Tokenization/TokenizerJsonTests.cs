using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class TokenizerJsonTests
{
    private const string Model = """
        { "type": "BPE", "unk_token": "?", "fuse_unk": false, "byte_fallback": false,
          "vocab": { "?": 0, "a": 1, "b": 2, "▁": 3, "ab": 4, "▁a": 5, " ": 6, "x": 7, "é": 8 }, "merges": ["a b", ["▁", "a"]] }
        """;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("always", true, "a ab", new[] { 5, 3, 4 })]
    [TestCase("always", true, " a", new[] { 5 })]
    [TestCase("never", true, "a ab", new[] { 1, 3, 4 })]
    [TestCase("first", false, "a<t>a", new[] { 5, 9, 1 })]
    [TestCase("always", false, "a<t>a", new[] { 5, 9, 5 })]
    public void Metaspace_puts_a_space_where_its_scheme_says(string scheme, bool split, string text, int[] expected)
    {
        var tokenizer = Open(
            preTokenizer: $$"""
            { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "{{scheme}}", "split": {{(split ? "true" : "false")}} }
            """,
            decoder: $$"""
            { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "{{scheme}}", "split": true }
            """,
            added: """{ "id": 9, "content": "<t>", "special": true }"""
        );
        Assert.That(tokenizer.Encode(text), Is.EqualTo(expected));
        if (text == "a ab")
            Assert.That(tokenizer.Decode(expected), Is.EqualTo(text));
    }

    [TestCase("""{ "id": 9, "content": "ab", "normalized": false }""", "xabx", new[] { 7, 9, 7 })]
    [TestCase("""{ "id": 9, "content": "ab", "single_word": true }""", "xab ab", new[] { 7, 4, 6, 9 })]
    [TestCase("""{ "id": 9, "content": "ab", "single_word": true }""", "_ab abx", new[] { 0, 4, 6, 4, 7 })]
    [TestCase("""{ "id": 9, "content": "<t>", "lstrip": true }""", "x  <t> x", new[] { 7, 9, 6, 7 })]
    [TestCase("""{ "id": 9, "content": "<t>", "rstrip": true }""", "x <t>  \n<t> x", new[] { 7, 6, 9, 9, 7 })]
    [TestCase("""{ "id": 9, "content": "<t>" }, { "id": 10, "content": "<t>t" }""", "<t>t<t>", new[] { 10, 9 })]
    public void Added_tokens_are_found_as_their_flags_say(string added, string text, int[] expected) =>
        Assert.That(Open(added: added).Encode(text), Is.EqualTo(expected));

    [Test]
    public void A_normalized_token_is_found_in_the_normalized_text_only()
    {
        const string Normalizer = """{ "type": "Replace", "pattern": { "String": "b" }, "content": "a" }""";
        Assert.That(
            Open(normalizer: Normalizer, added: """{ "id": 9, "content": "xb", "normalized": true }""").Encode("xaxb"),
            Is.EqualTo((int[])[9, 9])
        );
        Assert.That(
            Open(normalizer: Normalizer, added: """{ "id": 9, "content": "xb", "normalized": false }""").Encode("xaxb"),
            Is.EqualTo((int[])[7, 1, 9])
        );
    }

    [Test]
    public void Normalizers_follow_each_other()
    {
        var tokenizer = Open(
            normalizer: """
            { "type": "Sequence", "normalizers": [
                { "type": "NFC" }, { "type": "Replace", "pattern": { "Regex": "x+" }, "content": "b" }, { "type": "Prepend", "prepend": "▁" } ] }
            """
        );
        Assert.That(tokenizer.Encode("axxe\u0301"), Is.EqualTo((int[])[3, 4, 8]));
    }

    [TestCase("""{ "type": "Split", "pattern": { "String": "b" }, "behavior": "Removed", "invert": false }""", "abxb", new[] { 1, 7 })]
    [TestCase("""{ "type": "Split", "pattern": { "Regex": "a++" }, "behavior": "Isolated", "invert": false }""", "aab", new[] { 1, 1, 2 })]
    [TestCase(
        """{ "type": "Sequence", "pretokenizers": [{ "type": "Split", "pattern": { "String": "x" }, "behavior": "MergedWithPrevious" }] }""",
        "axab",
        new[] { 1, 7, 4 }
    )]
    public void Unknown_patterns_are_cut_by_expressions(string preTokenizer, string text, int[] expected) =>
        Assert.That(Open(preTokenizer: preTokenizer).Encode(text), Is.EqualTo(expected));

    [Test]
    public void Templates_put_tokens_on_both_sides()
    {
        var tokenizer = Open(
            added: """{ "id": 9, "content": "<t>", "special": true }""",
            postProcessor: """
            { "type": "TemplateProcessing",
              "single": [{ "SpecialToken": { "id": "<t>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "x", "type_id": 0 } }],
              "pair": [], "special_tokens": { "<t>": { "id": "<t>", "ids": [9], "tokens": ["<t>"] }, "x": { "id": "x", "ids": [7, 7], "tokens": ["x", "x"] } } }
            """
        );
        Assert.That(tokenizer.Encode("a"), Is.EqualTo((int[])[9, 1, 7, 7]));
        Assert.That(tokenizer.Encode("a", addSpecialTokens: false), Is.EqualTo((int[])[1]));
        Assert.That(tokenizer.Decode([9, 1, 7]), Is.EqualTo("a x"), "there is no decoder, so tokens are joined with spaces");
    }

    [TestCase("normalizer", """{ "type": "Lowercase" }""", "'Lowercase'")]
    [TestCase("pre_tokenizer", """{ "type": "BertPreTokenizer" }""", "'BertPreTokenizer'")]
    [TestCase("pre_tokenizer", """{ "type": "Split", "pattern": { "String": "a" }, "behavior": "Sideways" }""", "'Sideways'")]
    [TestCase("post_processor", """{ "type": "Strange" }""", "'Strange'")]
    [TestCase("decoder", """{ "type": "WordPiece" }""", "'WordPiece'")]
    [TestCase("model", """{ "type": "Unigram" }""", "'Unigram'")]
    [TestCase("model", """{ "type": "BPE", "vocab": { "a": 0 }, "merges": ["a b"] }""", "'b'")]
    [TestCase("model", """{ "type": "BPE", "vocab": { "a": 0 }, "merges": ["a"] }""", "'a'")]
    [TestCase("model", """{ "type": "BPE", "vocab": {}, "merges": [] }""", "empty")]
    [TestCase("model", """{ "type": "BPE", "vocab": { "a": 0 }, "merges": [], "end_of_word_suffix": "</w>" }""", "end_of_word_suffix")]
    [TestCase("model", """{ "type": "BPE", "vocab": { "a": 0 }, "merges": [], "byte_fallback": true }""", "<0x00>")]
    [TestCase("model", """{ "type": "BPE", "vocab": { "a": "zero" }, "merges": [] }""", "tokenizer.json")]
    [TestCase("model", """{ "type": "BPE", "vocab": { "\ud800": 0 }, "merges": [] }""", "tokenizer.json")]
    [TestCase("model", """[]""", "tokenizer.json")]
    [TestCase("model", """{""", "tokenizer.json")]
    public void What_is_not_supported_is_refused_by_name(string section, string json, string named) =>
        Assert.That(
            () =>
                Open(
                    normalizer: section == "normalizer" ? json : "null",
                    preTokenizer: section == "pre_tokenizer" ? json : "null",
                    postProcessor: section == "post_processor" ? json : "null",
                    decoder: section == "decoder" ? json : "null",
                    model: section == "model" ? json : Model
                ),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains(named).And.Message.Contains("tokenizer.json")
        );

    [Test]
    public void A_template_with_a_token_that_does_not_exist_is_an_error() =>
        Assert.That(
            () => Open(postProcessor: """{ "type": "RobertaProcessing", "cls": ["<s>", 1], "sep": ["</s>", 99] }"""),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("99")
        );

    [Test]
    public void Llamas_own_class_goes_by_its_settings()
    {
        const string Roberta = """{ "type": "RobertaProcessing", "cls": ["a", 1], "sep": ["b", 2] }""";
        _folder.Write(
            "tokenizer_config.json",
            """{ "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": false, "bos_token": "a", "eos_token": "b" }"""
        );
        Assert.That(Open(postProcessor: Roberta).Encode("x"), Is.EqualTo((int[])[1, 7, 2]));
        _folder.Write(
            "tokenizer_config.json",
            """{ "tokenizer_class": "LlamaTokenizer", "add_bos_token": false, "bos_token": "a", "eos_token": "b" }"""
        );
        Assert.That(Open(postProcessor: Roberta).Encode("x"), Is.EqualTo((int[])[7, 2]));
    }

    // Every value of a small but complete file is replaced by every kind of value: the tokenizer opens and works, or says what is wrong.
    [Test]
    public void A_value_of_the_wrong_kind_is_an_error_of_the_model_and_nothing_else()
    {
        foreach (var complete in CompleteFiles())
        {
            var paths = Paths(JsonNode.Parse(complete)!).ToArray();
            foreach (var path in paths)
            {
                foreach (
                    var replacement in (string[])["null", "true", "-1", "1.5", "99999999999", "\"?\"", "[]", "[null]", "{}", "{\"id\": 7}"]
                )
                {
                    var json = JsonNode.Parse(complete)!;
                    Replace(json, path, JsonNode.Parse(replacement));
                    _folder.Write("tokenizer.json", json.ToJsonString());
                    try
                    {
                        var tokenizer = Tokenizer.Open(_folder.Path);
                        tokenizer.Decode(tokenizer.Encode("ab <t> é\0\U0001F600"));
                    }
                    catch (InvalidModelException error)
                    {
                        Assert.That(error.Message, Does.Contain("tokenizer.json"));
                    }
                    catch (Exception error)
                    {
                        Assert.Fail($"{string.Join('/', path)} = {replacement}: {error}");
                    }
                }
            }
        }
    }

    private static IEnumerable<string> CompleteFiles()
    {
        const string Added =
            """[{ "id": 9, "content": "<t>", "single_word": false, "lstrip": true, "rstrip": true, "normalized": false, "special": true }]""";
        yield return $$"""
            { "added_tokens": {{Added}},
              "normalizer": { "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "▁" }, { "type": "Replace", "pattern": { "String": " " }, "content": "▁" }] },
              "pre_tokenizer": { "type": "Split", "pattern": { "Regex": "x+" }, "behavior": "Isolated", "invert": false },
              "post_processor": { "type": "TemplateProcessing", "single": [{ "SpecialToken": { "id": "<t>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
                "special_tokens": { "<t>": { "id": "<t>", "ids": [9], "tokens": ["<t>"] } } },
              "decoder": { "type": "Sequence", "decoders": [{ "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" }, { "type": "Fuse" },
                { "type": "Strip", "content": " ", "start": 1, "stop": 0 }] },
              "model": {{Model}} }
            """;
        yield return $$"""
            { "added_tokens": {{Added}}, "pre_tokenizer": { "type": "Sequence", "pretokenizers": [{ "type": "Digits", "individual_digits": true },
                { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true }] },
              "post_processor": { "type": "RobertaProcessing", "cls": ["a", 1], "sep": ["b", 2] }, "decoder": { "type": "ByteLevel" }, "model": {{Model}} }
            """;
        yield return $$"""
            { "pre_tokenizer": { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true },
              "decoder": { "type": "Metaspace", "replacement": "▁", "add_prefix_space": true }, "model": {{Model}} }
            """;
    }

    private static IEnumerable<object[]> Paths(JsonNode? node)
    {
        var children =
            node is JsonObject ? node.AsObject().Select(child => ((object)child.Key, child.Value))
            : node is JsonArray ? node.AsArray().Select((child, index) => ((object)index, child))
            : [];
        foreach (var (key, child) in children)
        {
            yield return [key];
            foreach (var path in Paths(child))
                yield return [key, .. path];
        }
    }

    private static void Replace(JsonNode node, object[] path, JsonNode? value)
    {
        foreach (var key in path[..^1])
            node = key is int at ? node[at]! : node[(string)key]!;
        if (path[^1] is int index)
            node[index] = value;
        else
            node[(string)path[^1]] = value;
    }

    private Tokenizer Open(
        string normalizer = "null",
        string preTokenizer = "null",
        string postProcessor = "null",
        string decoder = "null",
        string added = "",
        string model = Model
    ) =>
        Tokenizer.Open(
            _folder.Write(
                "tokenizer.json",
                $$"""
                { "version": "1.0", "added_tokens": [{{added}}], "normalizer": {{normalizer}}, "pre_tokenizer": {{preTokenizer}},
                  "post_processor": {{postProcessor}}, "decoder": {{decoder}}, "model": {{model}} }
                """
            )
        );
}
