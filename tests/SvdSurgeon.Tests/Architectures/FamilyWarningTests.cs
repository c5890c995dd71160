using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;

namespace SvdSurgeon.Tests.Architectures;

/// <summary>Models as transformers writes them have nothing to warn of: every key and tensor of every family is accounted for.</summary>
[TestFixture]
public sealed class FamilyWarningTests
{
    private static IEnumerable<string> Models() =>
        Directory
            .EnumerateDirectories(GoldenFiles.Copied("models"))
            .Where(folder => File.Exists(Path.Combine(folder, "model.safetensors")))
            .Select(folder => Path.GetFileName(folder))
            .Order(StringComparer.Ordinal);

    [Test]
    public void A_model_of_any_family_has_no_warning()
    {
        Assert.Multiple(() =>
        {
            foreach (string name in Models())
            {
                using var model = Checkpoint.Open(GoldenFiles.Copied("models", name));
                DecoderModel.Load(model);
                Assert.That(model.Warnings, Is.Empty, name);
            }
        });
    }

    [TestCase("gemma2", "hidden_act", "\"relu\"", "'hidden_act' is 'relu' and has no effect")]
    [TestCase("gemma3-text", "hidden_act", "\"relu\"", "'hidden_act' is 'relu' and has no effect")]
    [TestCase("gemma3-text", "rope_theta", "123456", "'rope_theta' is 123456 and 'rope_parameters' say 1000000")]
    [TestCase("gemma3-text", "rope_local_base_freq", "5", "'rope_local_base_freq' is 5 and 'rope_parameters' say 10000")]
    [TestCase("gemma3-text", "rope_scaling", "{\"rope_type\":\"linear\",\"factor\":8}", "'rope_scaling' is not used")]
    [TestCase("gptneox", "partial_rotary_factor", "0.25", "'rope_parameters.partial_rotary_factor' is 0.5, and outside")]
    [TestCase("gptneox", "rotary_pct", "0.25", "'rope_parameters.partial_rotary_factor' is 0.5, and outside")]
    [TestCase("stablelm", "partial_rotary_factor", "0.25", "'rope_parameters.partial_rotary_factor' is 0.5, and outside")]
    [TestCase("phi3-partial", "partial_rotary_factor", "0.25", "'rope_parameters.partial_rotary_factor' is 0.5, and outside")]
    public void Of_two_keys_for_one_thing_the_one_that_is_not_used_is_named(string name, string key, string json, string sentence)
    {
        string folder = GoldenFiles.Copied("models", name);
        using var copy = new TemporaryFolder();
        copy.CopyOf(folder, "model");
        var config = (JsonObject)JsonNode.Parse(File.ReadAllText(copy["model/config.json"]))!;
        config[key] = JsonNode.Parse(json);
        File.WriteAllText(copy["model/config.json"], config.ToJsonString());
        using var model = Checkpoint.Open(copy["model"]);
        Assert.That(model.Warnings, Has.Some.Contains(sentence));
    }
}
