using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.HuggingFace;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;

namespace SvdSurgeon.Tests.Formats;

/// <summary>Every key and every tensor of a model is used, known to be without effect, refused, or named in a warning.</summary>
[TestFixture]
public sealed class NothingPassesSilentlyTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CopyModel()
    {
        _folder = new TemporaryFolder();
        foreach (string file in Directory.EnumerateFiles(GoldenFiles.Copied("models", "llama-gqa-tied")))
            File.Copy(file, _folder[Path.GetFileName(file)]);
    }

    [TearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public void A_model_as_transformers_writes_it_has_no_warning() => Assert.That(Warnings(), Is.Empty);

    [TestCase("logits_scaling", "8.0", "'logits_scaling' is unknown here")]
    [TestCase(
        "rope_parameters",
        """{ "rope_type": "default", "rope_theta": 100000.0, "mrope_section": [1, 2] }""",
        "'rope_parameters.mrope_section'"
    )]
    [TestCase("rope_theta", "500000.0", "'rope_parameters.rope_theta' is 100000 and 'rope_theta' 500000")]
    [TestCase(
        "rope_scaling",
        """{ "rope_type": "linear", "factor": 2.0, "rope_theta": 100000.0 }""",
        "'rope_parameters' and 'rope_scaling' differ"
    )]
    [TestCase(
        "rope_parameters",
        """{ "rope_type": "default", "type": "linear", "rope_theta": 100000.0 }""",
        "'rope_parameters.type' 'linear'"
    )]
    [TestCase("max_sequence_length", "128", "the older 'max_sequence_length' is not used")]
    [TestCase("auto_map", """{ "AutoModel": "code.Model" }""", "'auto_map' names program code")]
    [TestCase("layer_types", """["sliding_attention", "full_attention", "full_attention"]""", "sliding window")]
    public void A_key_that_is_not_used_or_contradicts_another_is_named(string key, string value, string expected)
    {
        Change(json => json[key] = JsonNode.Parse(value));
        Assert.That(Warnings(), Has.Exactly(1).Items.And.One.Contains(expected).And.One.Contains("config.json"));
    }

    [TestCase("rope_theta", "100000.0")]
    [TestCase("rope_scaling", """{ "rope_type": "default", "rope_theta": 100000.0 }""")]
    [TestCase("max_sequence_length", "64")]
    [TestCase("logits_scaling", "null")]
    [TestCase("temperature", "0.6")]
    public void Two_keys_that_agree_and_keys_without_effect_need_no_word(string key, string value)
    {
        Change(json => json[key] = JsonNode.Parse(value));
        Assert.That(Warnings(), Is.Empty);
    }

    [Test]
    public void Later_keys_count_where_two_differ()
    {
        Change(json =>
        {
            json["rope_scaling"] = JsonNode.Parse("""{ "type": "linear", "factor": 4.0 }""");
            json["rope_theta"] = 7.0;
        });
        using var model = Checkpoint.Open(_folder.Path);
        Assert.That((model.Config.RopeTheta, model.Config.RopeScaling.Type), Is.EqualTo((100000.0, "none")));
    }

    [Test]
    public void Numbers_of_Python_and_repeated_keys_are_read_as_Python_reads_them()
    {
        string config = _folder["config.json"];
        File.WriteAllText(
            config,
            File.ReadAllText(config).TrimEnd().TrimEnd('}')
                + """, "time_step_limit": [0.0, Infinity, -Infinity, NaN], "vocab_size": 7, "vocab_size": 101, "note": "a \"NaN\" \\" }"""
        );
        using var model = Checkpoint.Open(_folder.Path);
        Assert.That(model.Config.VocabSize, Is.EqualTo(101));
        Assert.That(model.Warnings, Has.Some.Contains("'vocab_size' stands there twice").And.Some.Contains("'time_step_limit' is unknown"));
        Assert.That((string?)model.ConfigJson["note"], Is.EqualTo("a \"NaN\" \\"));
        Assert.That((string?)model.ConfigJson["time_step_limit"]![1]!["__float__"], Is.EqualTo("Infinity"), "as transformers 5 writes it");
    }

    [Test]
    public void A_number_that_is_not_finite_is_refused_in_a_key_that_is_read()
    {
        string config = _folder["config.json"];
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": Infinity"));
        Assert.That(
            () => Checkpoint.Open(_folder.Path),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("'rms_norm_eps'").And.Message.Contains("Infinity")
        );
    }

    [Test]
    public void A_stored_head_that_differs_from_the_tied_embedding_counts_and_is_named()
    {
        Rewrite(entries => entries.Add(Copy(entries, "model.embed_tokens.weight", "lm_head.weight", 2)));
        using var model = Checkpoint.Open(_folder.Path);
        Assert.That(model.Config.TieWordEmbeddings, Is.False);
        Assert.That((bool)model.ConfigJson["tie_word_embeddings"]!, Is.False);
        Assert.That(model.Warnings, Has.One.Contains("lm_head.weight"));
        Assert.That(
            DecoderModel.Load(model).Head.ToSingles()[5],
            Is.EqualTo(2 * model.Tensors["model.embed_tokens.weight"].ToSingles()[5])
        );
    }

    [Test]
    public void A_stored_head_that_repeats_the_embedding_is_left_out()
    {
        Rewrite(entries => entries.Add(Copy(entries, "model.embed_tokens.weight", "lm_head.weight", 1)));
        Assert.That(Warnings(), Is.Empty);
    }

    [TestCase("model.layers.3.mlp.up_proj.weight", "the files hold layers up to number 4, the configuration has 3")]
    [TestCase("model.layers.0.self_attn.sinks", "belongs to nothing")]
    [TestCase("mtp.norm.weight", "belongs to nothing")]
    public void A_tensor_without_a_place_is_named(string name, string expected)
    {
        Rewrite(entries => entries.Add(Copy(entries, "model.norm.weight", name, 1)));
        Assert.That(Warnings(), Has.Exactly(1).Items.And.One.Contains(expected).And.One.Contains(name));
    }

    [Test]
    public void Biases_that_nothing_announces_are_used_and_named()
    {
        Rewrite(entries => entries.Add(Copy(entries, "model.norm.weight", "model.layers.1.self_attn.o_proj.bias", 1)));
        Assert.That(
            Warnings(),
            Has.Exactly(1).Items.And.One.Contains("model.layers.1.self_attn.o_proj").And.One.Contains("does not announce")
        );
    }

    [TestCase("model.layers.0.mlp.up_proj.weight.absmax", "bitsandbytes")]
    [TestCase("model.layers.0.mlp.up_proj.SCB", "bitsandbytes")]
    [TestCase("model.layers.0.mlp.up_proj.qweight", "GPTQ")]
    [TestCase("model.layers.0.mlp.up_proj.weight_scale", "quantised")]
    [TestCase("model.layers.0.self_attn.q_proj.lora_A.weight", "LoRA")]
    public void What_a_quantiser_or_an_adapter_left_is_refused_by_name(string name, string expected)
    {
        Rewrite(entries => entries.Add(Copy(entries, "model.norm.weight", name, 1)));
        Assert.That(
            () => Warnings(),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains(expected).And.Message.Contains(name)
        );
    }

    [Test]
    public void Integers_are_no_weights()
    {
        Rewrite(entries =>
        {
            int i = entries.FindIndex(entry => entry.Name == "model.norm.weight");
            entries[i] = TensorEntry.FromInt32(entries[i].Name, entries[i].Shape, new int[entries[i].Shape[0]]);
        });
        Assert.That(
            () => Warnings(),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("'model.norm.weight' is stored as I32")
        );
    }

    [Test]
    public void Folders_and_files_that_are_no_model_are_called_by_their_name()
    {
        File.WriteAllText(_folder["quantize_config.json"], "{ \"bits\": 4 }");
        Assert.That(
            () => Warnings(),
            Throws.InstanceOf<InvalidModelException>().With.Message.Contains("quantize_config.json").And.Message.Contains("quantised")
        );
        File.Delete(_folder["quantize_config.json"]);

        File.WriteAllText(_folder["model.safetensors"], "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 123\n");
        Assert.That(() => Warnings(), Throws.InstanceOf<InvalidModelException>().With.Message.Contains("git lfs pull"));

        File.Delete(_folder["config.json"]);
        File.Delete(_folder["model.safetensors"]);
        File.WriteAllText(_folder["adapter_config.json"], "{ \"base_model_name_or_path\": \"team/base\" }");
        Assert.That(() => Warnings(), Throws.InstanceOf<InvalidModelException>().With.Message.Contains("LoRA adapter for team/base"));
    }

    [Test]
    public void A_folder_of_the_hubs_cache_points_at_its_snapshots_and_links_have_the_size_of_what_they_lead_to()
    {
        string blobs = Directory.CreateDirectory(_folder["blobs"]).FullName,
            snapshot = Directory.CreateDirectory(_folder[Path.Combine("snapshots", "abc")]).FullName;
        foreach (string name in (string[])["config.json", "model.safetensors"])
        {
            File.Move(_folder[name], Path.Combine(blobs, name));
            File.CreateSymbolicLink(Path.Combine(snapshot, name), Path.Combine("..", "..", "blobs", name));
        }
        Assert.That(() => Warnings(), Throws.InstanceOf<InvalidModelException>().With.Message.Contains(snapshot));
        using var model = Checkpoint.Open(snapshot);
        Assert.That(model.Bytes, Is.EqualTo(new FileInfo(Path.Combine(blobs, "model.safetensors")).Length));
    }

    [TestCase("num_hidden_layers", "1000000000")]
    [TestCase("num_hidden_layers", "2147483647")]
    [TestCase("max_position_embeddings", "2147483647")]
    [TestCase("head_dim", "2147483646")]
    [TestCase("vocab_size", "2147483647")]
    public void Numbers_that_the_weights_do_not_confirm_cost_nothing(string key, string value)
    {
        Change(json => json[key] = JsonNode.Parse(value));
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Warnings();
        }
        catch (InvalidModelException)
        {
            // most contradict the weights
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(8 << 20));
    }

    private IReadOnlyList<string> Warnings()
    {
        using var model = Checkpoint.Open(_folder.Path);
        DecoderModel.Load(model);
        return model.Warnings;
    }

    private void Change(Action<JsonObject> change)
    {
        string config = _folder["config.json"];
        var json = HuggingFaceConfig.Read(config);
        change(json);
        File.WriteAllText(config, json.ToJsonString());
    }

    // The weight file with other tensors.
    private void Rewrite(Action<List<TensorEntry>> change)
    {
        string path = _folder["model.safetensors"],
            changed = _folder["changed.safetensors"];
        using (var file = SafeTensorsFile.Open(path))
        {
            List<TensorEntry> entries = [.. file.Tensors.Values.Select(TensorEntry.From)];
            change(entries);
            SafeTensorsWriter.Write(changed, entries);
        }
        File.Move(changed, path, overwrite: true);
    }

    private TensorEntry Copy(List<TensorEntry> entries, string name, string newName, float factor)
    {
        using var file = SafeTensorsFile.Open(_folder["model.safetensors"]);
        var tensor = file[name];
        return TensorEntry.FromSingles(newName, tensor.Shape, tensor.ToSingles().Select(value => value * factor).ToArray());
    }
}
