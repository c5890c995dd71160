using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.HuggingFace;

namespace SvdSurgeon.Tests.Formats;

internal class ConfigTests
{
    private static DecoderConfig Golden(string model) =>
        HuggingFaceConfig.Parse(HuggingFaceConfig.Read(GoldenFiles.Copied("models", model, "config.json")), "config.json");

    private static JsonObject Llama(string more = "") =>
        (JsonObject)
            JsonNode.Parse(
                """{"model_type":"llama","vocab_size":100,"hidden_size":32,"intermediate_size":64,"num_hidden_layers":3,"num_attention_heads":4,"max_position_embeddings":64"""
                    + (more.Length > 0 ? "," + more : "")
                    + "}"
            )!;

    private static DecoderConfig Parse(JsonObject json) => HuggingFaceConfig.Parse(json, "config.json");

    private static readonly DecoderConfig Opt = new()
    {
        ModelType = "opt",
        VocabSize = 97,
        HiddenSize = 32,
        IntermediateSize = 64,
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 4,
        HeadDim = 8,
        MaxPositions = 40,
        NormEpsilon = 1e-5f,
        Activation = Activation.Relu,
        TieWordEmbeddings = true,
        AttentionBias = true,
        AttentionOutputBias = true,
        MlpBias = true,
        WordEmbeddingDim = 32,
        BosTokenId = 2,
        EosTokenIds = [2],
    };

    private static readonly DecoderConfig LlamaBase = new()
    {
        ModelType = "llama",
        VocabSize = 101,
        HiddenSize = 32,
        IntermediateSize = 56,
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 4,
        HeadDim = 8,
        MaxPositions = 64,
        NormEpsilon = 1e-5f,
        Activation = Activation.SwiGlu,
        TieWordEmbeddings = false,
        WordEmbeddingDim = 32,
        BosTokenId = 1,
        EosTokenIds = [2],
    };

    private static IEnumerable<TestCaseData> GoldenConfigs()
    {
        yield return Case("opt", Opt);
        yield return Case(
            "opt-nobias-gelu",
            Opt with
            {
                Activation = Activation.Gelu,
                AttentionBias = false,
                AttentionOutputBias = false,
                MlpBias = false,
                AffineNorms = false,
            }
        );
        yield return Case("opt-postnorm-projected", Opt with { PreNorm = false, FinalNorm = false, WordEmbeddingDim = 20 });
        yield return Case("llama-mha", LlamaBase);
        yield return Case("llama-gqa-tied", LlamaBase with { KeyValueHeads = 2, TieWordEmbeddings = true, RopeTheta = 100000 });
        yield return Case(
            "llama-headdim-bias",
            LlamaBase with
            {
                KeyValueHeads = 2,
                HeadDim = 12,
                AttentionBias = true,
                AttentionOutputBias = true,
                MlpBias = true,
            }
        );
        yield return Case("llama-linear-rope", LlamaBase with { RopeScaling = new("linear", 4) });
        yield return Case(
            "llama3-rope",
            LlamaBase with
            {
                KeyValueHeads = 1,
                TieWordEmbeddings = true,
                RopeTheta = 500000,
                RopeScaling = new("llama3", 8, 1, 4, 16),
            }
        );
        yield return Case("mistral-window", LlamaBase with { ModelType = "mistral", KeyValueHeads = 2, Windows = [8, 8, 8] });
        var qwen = LlamaBase with { KeyValueHeads = 2, TieWordEmbeddings = true, BosTokenId = -1, EosTokenIds = [] };
        yield return Case("qwen2", qwen with { ModelType = "qwen2", AttentionBias = true, NormEpsilon = 1e-5f });
        yield return Case("qwen3", qwen with { ModelType = "qwen3", HeadDim = 12, QueryKeyNorm = true });

        static TestCaseData Case(string model, DecoderConfig expected) => new TestCaseData(model, expected).SetArgDisplayNames(model);
    }

    [TestCaseSource(nameof(GoldenConfigs))]
    public void Every_golden_configuration_is_understood(string model, DecoderConfig expected)
    {
        var actual = Golden(model);
        Assert.That(actual.Windows, Is.EqualTo(expected.Windows));
        Assert.That(actual.EosTokenIds, Is.EqualTo(expected.EosTokenIds));
        Assert.That(actual with { Windows = expected.Windows, EosTokenIds = expected.EosTokenIds }, Is.EqualTo(expected));
    }

    [TestCase(
        """ "rope_theta":500000.0,"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":16} """
    )]
    [TestCase(
        """ "rope_parameters":{"rope_theta":500000.0,"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":16} """
    )]
    [TestCase(
        """ "rope_parameters":{"rope_theta":500000,"type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4},"original_max_position_embeddings":16 """
    )]
    public void Older_and_newer_rotary_keys_mean_the_same(string keys)
    {
        var config = Parse(Llama(keys));
        Assert.That(config.RopeTheta, Is.EqualTo(500000));
        Assert.That(config.RopeScaling, Is.EqualTo(new RopeScaling("llama3", 8, 1, 4, 16)));
    }

    [TestCase(""" "rope_scaling":{"type":"linear","factor":2} """)]
    [TestCase(""" "rope_parameters":{"rope_type":"linear","factor":2.0} """)]
    public void Linear_scaling_is_read_from_either_key(string keys) =>
        Assert.That(Parse(Llama(keys)).RopeScaling, Is.EqualTo(new RopeScaling("linear", 2)));

    [Test]
    public void Absent_keys_take_the_defaults_of_the_architecture()
    {
        var config = Parse(Llama());
        Assert.That(config.NormEpsilon, Is.EqualTo(1e-6f));
        Assert.That(config.RopeTheta, Is.EqualTo(10000));
        Assert.That(config.RopeScaling, Is.EqualTo(RopeScaling.None));
        Assert.That(config.KeyValueHeads, Is.EqualTo(4));
        Assert.That(config.HeadDim, Is.EqualTo(8));
        Assert.That(config.TieWordEmbeddings, Is.False);
        Assert.That(config.Windows, Is.Empty);
        Assert.That(config.AttentionBias || config.AttentionOutputBias || config.MlpBias, Is.False);
    }

    [TestCase("mistral", "", new[] { 4096, 4096, 4096 })]
    [TestCase("mistral", """ "sliding_window":null """, new int[0])]
    [TestCase("mistral", """ "sliding_window":16 """, new[] { 16, 16, 16 })]
    [TestCase("llama", """ "sliding_window":16 """, new int[0])]
    [TestCase("qwen2", """ "sliding_window":16 """, new int[0])]
    [TestCase("qwen2", """ "sliding_window":16,"use_sliding_window":true,"max_window_layers":1 """, new[] { 0, 16, 16 })]
    [TestCase("qwen2", """ "sliding_window":16,"use_sliding_window":true """, new int[0])] // max_window_layers is 28
    [TestCase(
        "qwen3",
        """ "sliding_window":16,"use_sliding_window":true,"layer_types":["sliding_attention","full_attention","sliding_attention"] """,
        new[] { 16, 0, 16 }
    )]
    [TestCase(
        "qwen3",
        """ "sliding_window":16,"use_sliding_window":false,"layer_types":["full_attention","full_attention","full_attention"] """,
        new int[0]
    )]
    public void Sliding_windows_follow_the_rules_of_each_architecture(string modelType, string keys, int[] windows)
    {
        var json = Llama(keys);
        json["model_type"] = modelType;
        Assert.That(Parse(json).Windows, Is.EqualTo(windows));
    }

    [Test]
    public void An_opt_model_without_its_final_norm_says_so()
    {
        var json = HuggingFaceConfig.Read(GoldenFiles.Copied("models", "opt", "config.json"));
        json["_remove_final_layer_norm"] = true;
        Assert.That(Parse(json).FinalNorm, Is.False);
    }

    [Test]
    public void Several_end_tokens_are_all_kept() =>
        Assert.That(Parse(Llama(""" "eos_token_id":[5,7] """)).EosTokenIds, Is.EqualTo(new[] { 5, 7 }));

    [Test]
    public void A_configuration_made_in_code_reads_like_one_from_a_file()
    {
        var json = Llama();
        json["hidden_size"] = 64L;
        json["rms_norm_eps"] = 1e-5;
        Assert.That(Parse(json).HiddenSize, Is.EqualTo(64));
        Assert.That(Parse(json).NormEpsilon, Is.EqualTo(1e-5f));
    }

    [TestCase(""" "model_type":"gpt2" """, "'gpt2'", "opt, llama, mistral, qwen2, qwen3")]
    [TestCase(""" "hidden_act":"gelu" """, "'gelu'", "Supported: silu")]
    [TestCase(""" "rope_scaling":{"type":"yarn","factor":4.0} """, "'yarn'", "Supported: default, linear, llama3")]
    [TestCase(""" "rope_scaling":{"type":"dynamic","factor":4.0} """, "'dynamic'", "rope_scaling.rope_type")]
    [TestCase(""" "rope_scaling":{"type":"linear"} """, "rope_scaling.factor", "missing")]
    [TestCase(""" "rope_parameters":{"full_attention":{"rope_type":"default"}} """, "rope_parameters.full_attention", "not supported")]
    [TestCase(""" "partial_rotary_factor":0.5 """, "partial_rotary_factor", "Supported: 1")]
    [TestCase(""" "quantization_config":{"quant_method":"gptq"} """, "'gptq'", "not supported")]
    [TestCase(""" "vocab_size":"many" """, "'vocab_size'", "positive integer")]
    [TestCase(""" "vocab_size":0 """, "'vocab_size'", "positive integer")]
    [TestCase(""" "vocab_size":2.5 """, "'vocab_size'", "positive integer")]
    [TestCase(""" "vocab_size":99999999999 """, "'vocab_size'", "positive integer")]
    [TestCase(""" "vocab_size":null """, "'vocab_size'", "missing")]
    [TestCase(""" "num_attention_heads":5 """, "hidden_size", "no multiple")]
    [TestCase(""" "num_key_value_heads":3 """, "num_key_value_heads", "no multiple")]
    [TestCase(""" "head_dim":7 """, "head_dim", "even")]
    [TestCase(""" "tie_word_embeddings":"yes" """, "'tie_word_embeddings'", "true or false")]
    [TestCase(""" "eos_token_id":"end" """, "'eos_token_id'", "not negative")]
    public void What_cannot_be_run_exactly_is_refused_with_key_and_file(string keys, string named, string reason)
    {
        var json = Llama();
        foreach (var (key, value) in (JsonObject)JsonNode.Parse("{" + keys + "}")!)
            json[key] = value?.DeepClone();
        var error = Assert.Throws<InvalidModelException>(() => Parse(json));
        Assert.That(error!.Message, Does.Contain("config.json").And.Contain(named).And.Contain(reason));
    }

    [TestCase("gelu_new"), TestCase("gelu_pytorch_tanh"), TestCase("swish")]
    public void Other_activations_of_opt_are_refused_by_name(string activation)
    {
        var json = HuggingFaceConfig.Read(GoldenFiles.Copied("models", "opt", "config.json"));
        json["activation_function"] = activation;
        Assert.That(
            Assert.Throws<InvalidModelException>(() => Parse(json))!.Message,
            Is.EqualTo($"Activation '{activation}' (config.json, activation_function) is not supported. Supported: relu, gelu.")
        );
    }

    [
        TestCase("{"),
        TestCase("[]"),
        TestCase("{\"a\":1,\"a\":2}"),
        TestCase("{\"a\":\"\\ud800\"}"),
        TestCase("{\"\\udfff\":1}"),
        TestCase("")
    ]
    public void A_config_that_is_no_json_object_is_refused_by_name(string text)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("config.json", text);
        Assert.That(Assert.Throws<InvalidModelException>(() => HuggingFaceConfig.Read(path))!.Message, Does.StartWith(path));
    }
}
