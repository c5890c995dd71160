using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.HuggingFace;

namespace SvdSurgeon.Tests.Architectures;

/// <summary>What the configurations of the families say, their own defaults, and the variants that are refused by name.</summary>
public class FamilyConfigTests
{
    // The golden model's config.json with some keys set; null takes a key out.
    private static DecoderConfig Read(string model, params (string Key, string? Json)[] changes)
    {
        var json = HuggingFaceConfig.Read(GoldenFiles.Copied("models", model, "config.json"));
        foreach (var (key, value) in changes)
            if (value is null)
                json.Remove(key);
            else
                json[key] = JsonNode.Parse(value);
        return HuggingFaceConfig.Parse(json, "config.json");
    }

    [Test]
    public void Gemma_2_has_its_caps_scales_and_windows()
    {
        var config = Read("gemma2");
        Assert.That((config.AttentionSoftCap, config.LogitSoftCap), Is.EqualTo((5f, 3f)));
        Assert.That(config.AttentionScale, Is.EqualTo(1 / Math.Sqrt(20)).Within(1e-7));
        Assert.That(config.EmbeddingScale, Is.EqualTo(Math.Sqrt(32)).Within(1e-6));
        Assert.That(config.Windows, Is.EqualTo(new[] { 8, 0, 8, 0 }));
        Assert.That(Read("gemma2", ("layer_types", null)).Windows, Is.EqualTo(new[] { 8, 0, 8, 0 }), "every second layer sees all");
    }

    [Test]
    public void A_cap_of_null_is_none_and_one_that_is_missing_is_the_family_s()
    {
        Assert.That(Read("gemma2", ("attn_logit_softcapping", "null")).AttentionSoftCap, Is.Zero);
        Assert.That(Read("gemma2", ("attn_logit_softcapping", null)).AttentionSoftCap, Is.EqualTo(50));
        Assert.That(Read("gemma2", ("final_logit_softcapping", null)).LogitSoftCap, Is.EqualTo(30));
        Assert.That(Read("gemma3-text", ("final_logit_softcapping", null)).LogitSoftCap, Is.Zero);
    }

    [Test]
    public void Gemma_3_reads_the_older_rotary_keys_too()
    {
        var newer = Read("gemma3-text");
        var older = Read(
            "gemma3-text",
            ("rope_parameters", null),
            ("rope_theta", "500000"),
            ("rope_local_base_freq", "20000"),
            ("rope_scaling", """{"rope_type":"linear","factor":8}"""),
            ("layer_types", null),
            ("_sliding_window_pattern", null),
            ("sliding_window_pattern", "3")
        );
        Assert.That((newer.RopeTheta, newer.WindowRopeTheta, newer.RopeScaling), Is.EqualTo((1e6, 1e4, RopeScaling.None)));
        Assert.That((older.RopeTheta, older.WindowRopeTheta), Is.EqualTo((5e5, 2e4)));
        Assert.That(older.RopeScaling, Is.EqualTo(new RopeScaling("linear", 8)), "of the layers that see all");
        Assert.That(older.Windows, Is.EqualTo(new[] { 8, 8, 0, 8 }));
    }

    [Test]
    public void GPT_NeoX_reads_the_older_rotary_keys_too()
    {
        var config = Read("gptneox", ("rope_parameters", null), ("rotary_pct", "0.5"), ("rotary_emb_base", "25000"));
        Assert.That((config.RotaryDim, config.RopeTheta), Is.EqualTo((4, 25000d)));
        Assert.That(Read("gptneox", ("rope_parameters", null)).RotaryDim, Is.EqualTo(2), "a quarter of a head");
        Assert.That(Read("gptneox").ParallelResidual, Is.True);
        Assert.That(Read("gptneox-sequential").ParallelResidual, Is.False);
    }

    [Test]
    public void SmolLM3_leaves_rotary_positions_out_of_every_fourth_layer()
    {
        Assert.That(Read("smollm3").LayersWithoutRotary, Is.EqualTo(new[] { 3 }));
        Assert.That(Read("smollm3", ("no_rope_layers", null)).LayersWithoutRotary, Is.EqualTo(new[] { 3 }));
        Assert.That(Read("smollm3", ("no_rope_layers", "[0,1,1,1]")).LayersWithoutRotary, Is.EqualTo(new[] { 0 }));
        Assert.That(Read("smollm3", ("rope_parameters", null)).RopeTheta, Is.EqualTo(2e6));
    }

    [TestCase("phi3", "rope_parameters", """{"rope_type":"longrope","rope_theta":10000}""", "longrope")]
    [TestCase("phi3", "hidden_act", "\"gelu\"", "Activation 'gelu'")]
    [TestCase("phi3", "partial_rotary_factor", "0.4", "partial_rotary_factor", TestName = "Refused(an odd part of a head)")]
    [TestCase("stablelm", "use_parallel_residual", "true", "use_parallel_residual")]
    [TestCase("stablelm", "qk_layernorm", "true", "qk_layernorm")]
    [TestCase("gemma2", "hidden_activation", "\"gelu\"", "Activation 'gelu'")]
    [TestCase("gemma2", "use_bidirectional_attention", "true", "use_bidirectional_attention")]
    [TestCase("gemma3-text", "attn_logit_softcapping", "50", "attn_logit_softcapping")]
    [TestCase("gptneox", "hidden_act", "\"silu\"", "Activation 'silu'")]
    [TestCase("gptneox", "num_key_value_heads", "2", "as many key heads")]
    [TestCase("smollm3", "no_rope_layers", "[1,1]", "no_rope_layers has 2 entries")]
    [TestCase("llama-mha", "partial_rotary_factor", "0.5", "partial_rotary_factor")]
    [TestCase("phi3", "model_type", "\"phi4\"", "Architecture 'phi4'")]
    public void What_is_not_computed_exactly_is_refused_by_name(string model, string key, string value, string message)
    {
        // The newer section counts before the older key.
        var changes = key == "partial_rotary_factor" ? [("rope_parameters", null), (key, value)] : new[] { (key, (string?)value) };
        var error = Assert.Throws<InvalidModelException>(() => Read(model, changes));
        Assert.That(error!.Message, Does.Contain(message).And.Contain("config.json"));
    }

    [Test]
    public void Names_of_a_family_are_brought_to_one()
    {
        var neox = ArchitectureRegistry.Find("gpt_neox")!.Names;
        Assert.That(neox.Canonical("layers.0.mlp.dense_h_to_4h.weight"), Is.EqualTo("gpt_neox.layers.0.mlp.dense_h_to_4h.weight"));
        Assert.That(neox.Canonical("embed_out.weight"), Is.EqualTo("embed_out.weight"));
        Assert.That(neox.IsRedundant("gpt_neox.layers.0.attention.bias"), Is.True, "a causal mask");
        Assert.That(neox.IsRedundant("gpt_neox.layers.0.attention.dense.bias"), Is.False);
    }
}
