using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats;

public class CheckpointTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private static readonly string[] Models =
    [
        "llama-gqa-tied",
        "llama-headdim-bias",
        "llama-linear-rope",
        "llama-mha",
        "llama3-rope",
        "mistral-window",
        "opt",
        "opt-nobias-gelu",
        "opt-postnorm-projected",
        "qwen2",
        "qwen3",
    ];

    [TestCaseSource(nameof(Models))]
    public void Every_golden_model_opens_with_canonical_names(string model)
    {
        using var checkpoint = Checkpoint.Open(GoldenFiles.Shared("golden", "models", model));
        string prefix = model.StartsWith("opt") ? "model.decoder." : "model.";
        Assert.That(checkpoint.Tensors.Keys.Where(name => name != "lm_head.weight"), Has.All.StartsWith(prefix));
        Assert.That(checkpoint.Tensors.ContainsKey("lm_head.weight"), Is.EqualTo(!checkpoint.Config.TieWordEmbeddings));
        Assert.That(checkpoint.Format, Is.EqualTo("safetensors"));
        Assert.That(checkpoint.Compression, Is.Null);
    }

    // The same random model as golden/models/opt, under the names of the original checkpoints.
    [Test]
    public void Original_opt_names_become_canonical()
    {
        using var original = Checkpoint.Open(GoldenFiles.Shared("golden", "files", "opt-original-names"));
        using var expected = Checkpoint.Open(GoldenFiles.Shared("golden", "models", "opt"));
        Assert.That(original.Tensors.Keys, Is.EquivalentTo(expected.Tensors.Keys));
        foreach (var (name, tensor) in expected.Tensors)
            Assert.That(original.Tensors[name].ToSingles(), Is.EqualTo(tensor.ToSingles()), name);
    }

    [TestCase("layers.0.fc1.weight", "model.decoder.layers.0.fc1.weight")]
    [TestCase("decoder.layers.0.fc1.weight", "model.decoder.layers.0.fc1.weight")]
    [TestCase("model.decoder.layers.0.fc1.weight", "model.decoder.layers.0.fc1.weight")]
    [TestCase("embed_positions.weight", "model.decoder.embed_positions.weight")]
    [TestCase("adapter.weight", "adapter.weight")]
    [TestCase("decoder.version", null)]
    [TestCase("lm_head.weight", null)]
    public void Opt_names_of_any_origin_become_canonical_and_what_is_redundant_goes(string stored, string? canonical)
    {
        Write(GoldenFiles.Copied("models", "opt", "config.json"), stored);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(checkpoint.Tensors.Keys, Is.EqualTo(canonical is null ? [] : new[] { canonical }));
    }

    [TestCase("layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.q_proj.weight")]
    [TestCase("norm.weight", "model.norm.weight")]
    [TestCase("model.norm.weight", "model.norm.weight")]
    [TestCase("lm_head.weight", "lm_head.weight")]
    [TestCase("model.layers.0.self_attn.rotary_emb.inv_freq", null)]
    [TestCase("model.layers.0.self_attn.masked_bias", null)]
    public void Llama_names_of_any_origin_become_canonical_and_what_is_redundant_goes(string stored, string? canonical)
    {
        Write(GoldenFiles.Copied("models", "llama-mha", "config.json"), stored);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(checkpoint.Tensors.Keys, Is.EqualTo(canonical is null ? [] : new[] { canonical }));
    }

    [Test]
    public void Two_names_for_one_parameter_are_refused()
    {
        Write(GoldenFiles.Copied("models", "llama-mha", "config.json"), "norm.weight", "model.norm.weight");
        Assert.That(
            Assert.Throws<InvalidModelException>(() => Checkpoint.Open(_folder.Path))!.Message,
            Does.Contain("'model.norm.weight'")
        );
    }

    [TestCase("config.json"), TestCase("model.safetensors"), TestCase("")]
    public void A_file_of_the_folder_opens_the_folder(string file)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(GoldenFiles.Copied("models", "llama-mha"), file));
        Assert.That(checkpoint.Tensors, Has.Count.EqualTo(30));
        Assert.That(checkpoint.Files.Select(Path.GetFileName), Is.EqualTo(new[] { "model.safetensors" }));
        Assert.That(checkpoint.Bytes, Is.EqualTo(73248));
    }

    [Test]
    public void A_required_tensor_that_is_missing_or_has_another_shape_is_named()
    {
        using var checkpoint = Checkpoint.Open(GoldenFiles.Copied("models", "llama-mha"));
        Assert.That(checkpoint.Require("model.norm.weight", 32).Count, Is.EqualTo(32));
        Assert.That(
            Assert.Throws<InvalidModelException>(() => checkpoint.Require("model.norm.bias", 32))!.Message,
            Does.Contain("'model.norm.bias' is missing")
        );
        Assert.That(
            Assert.Throws<InvalidModelException>(() => checkpoint.Require("model.norm.weight", 4, 8))!.Message,
            Does.Contain("model.safetensors").And.Contain("'model.norm.weight'").And.Contain("[32]").And.Contain("[4, 8]")
        );
    }

    [TestCase(float.NaN, "NaN"), TestCase(float.PositiveInfinity, "Infinity"), TestCase(float.NegativeInfinity, "-Infinity")]
    public void A_weight_that_is_not_finite_is_found_with_its_place(float value, string shown)
    {
        File.Copy(GoldenFiles.Copied("models", "llama-mha", "config.json"), _folder["config.json"]);
        var weights = new float[30 * 17];
        weights[29 * 17 + 16] = value;
        SafeTensorsWriter.Write(
            _folder["model.safetensors"],
            [TensorEntry.From(StoredTensor.FromSingles("model.norm.weight", [30, 17], weights))]
        );
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(
            Assert.Throws<InvalidModelException>(() => FiniteWeights.Require(checkpoint, default))!.Message,
            Does.Contain($"tensor 'model.norm.weight' holds {shown} at [29, 16]")
        );
    }

    [TestCase(DType.F16, 65504f, -70000f), TestCase(DType.BF16, 3.38e38f, 3.4e38f)]
    public void A_weight_that_is_too_large_for_the_type_it_is_written_in_is_found_before_work(DType type, float fits, float tooLarge)
    {
        File.Copy(GoldenFiles.Copied("models", "llama-mha", "config.json"), _folder["config.json"]);
        float[] weights = [1, fits, 2, tooLarge];
        SafeTensorsWriter.Write(
            _folder["model.safetensors"],
            [TensorEntry.From(StoredTensor.FromSingles("model.norm.weight", [2, 2], weights))]
        );
        using var checkpoint = Checkpoint.Open(_folder.Path);
        FiniteWeights.Require(checkpoint, default);
        FiniteWeights.Require(checkpoint, default, stored => stored);
        Assert.That(
            Assert.Throws<InvalidModelException>(() => FiniteWeights.Require(checkpoint, default, _ => type))!.Message,
            Does.Contain($"tensor 'model.norm.weight' holds {tooLarge} at [1, 1], and {type} ends at")
        );
    }

    [TestCase("models", "llama-mha"), TestCase("models", "opt-postnorm-projected"), TestCase("files", "llama-gqa-tied.f32.gguf")]
    public void The_weights_of_golden_models_are_finite(string kind, string model)
    {
        using var checkpoint = Checkpoint.Open(GoldenFiles.Copied(kind, model));
        Assert.That(() => FiniteWeights.Require(checkpoint, default), Throws.Nothing);
    }

    [Test]
    public void A_path_without_a_model_says_what_was_expected()
    {
        Assert.That(Message(_folder["none"]), Does.Contain("no such file or folder"));
        Assert.That(Message(_folder.Path), Does.Contain("has no config.json"));
        File.Copy(GoldenFiles.Copied("models", "llama-mha", "config.json"), _folder["config.json"]);
        Assert.That(Message(_folder.Path), Does.Contain("there are no weights").And.Contain("model.safetensors"));
        Assert.That(Message(_folder.Write("notes.txt", "hello")), Does.Contain("notes.txt: this is no weight file"));
        Assert.That(Message(_folder["none.gguf"]), Does.Contain("none.gguf: the file does not exist"));

        static string Message(string path) => Assert.Throws<InvalidModelException>(() => Checkpoint.Open(path))!.Message;
    }

    [TestCase("no shard", "model-00002-of-00003.safetensors: this shard is missing")]
    [TestCase("no tensor", "there is no tensor 'model.extra.weight'")]
    [TestCase("other folder", "must lie in the same folder")]
    [TestCase("no map", "'weight_map' is missing or empty")]
    [TestCase("number", "is not a file name")]
    public void A_wrong_index_is_refused(string what, string reason)
    {
        _folder.CopyFilesOf(GoldenFiles.Copied("files", "llama-sharded"));
        string path = _folder["model.safetensors.index.json"];
        var index = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        if (what == "no shard")
            File.Delete(_folder["model-00002-of-00003.safetensors"]);
        else if (what == "no map")
            index.Remove("weight_map");
        else
            index["weight_map"]!["model.extra.weight"] = what switch
            {
                "no tensor" => "model-00001-of-00003.safetensors",
                "number" => 3,
                _ => "../model.safetensors",
            };
        File.WriteAllText(path, index.ToJsonString());
        Assert.That(Assert.Throws<InvalidModelException>(() => Checkpoint.Open(_folder.Path))!.Message, Does.Contain(reason));
    }

    [Test]
    public void The_section_of_a_compressed_model_is_there()
    {
        Write(GoldenFiles.Copied("models", "llama-mha", "config.json"), "model.norm.weight");
        var config = (JsonObject)JsonNode.Parse(File.ReadAllText(_folder["config.json"]))!;
        config["svdsurgeon"] = new JsonObject { ["method"] = "whiten" };
        File.WriteAllText(_folder["config.json"], config.ToJsonString());
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That((string?)checkpoint.Compression!["method"], Is.EqualTo("whiten"));
    }

    private void Write(string config, params string[] names)
    {
        File.Copy(config, _folder["config.json"]);
        SafeTensorsWriter.Write(
            _folder["model.safetensors"],
            names.Select(name => TensorEntry.From(StoredTensor.FromSingles(name, [2], [1, 2])))
        );
    }
}
