using NUnit.Framework;
using SvdSurgeon.Formats;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Formats;

public class GgufTests
{
    // llama-gqa-tied.f32.gguf was converted from golden/models/llama-gqa-tied.
    [Test]
    public void A_gguf_file_holds_the_same_tensors_as_the_folder_it_was_made_from()
    {
        using var gguf = Checkpoint.Open(GoldenFiles.Copied("files", "llama-gqa-tied.f32.gguf"));
        using var folder = Checkpoint.Open(GoldenFiles.Copied("models", "llama-gqa-tied"));
        Assert.That(gguf.Tensors.Keys, Is.EquivalentTo(folder.Tensors.Keys));
        foreach (var (name, expected) in folder.Tensors)
        {
            Assert.That(gguf.Tensors[name].Shape, Is.EqualTo(expected.Shape), name);
            Assert.That(gguf.Tensors[name].ToSingles(), Is.EqualTo(expected.ToSingles()), name);
        }
    }

    [Test]
    public void Metadata_gives_the_configuration_of_the_folder()
    {
        using var gguf = Checkpoint.Open(GoldenFiles.Copied("files", "llama-gqa-tied.f32.gguf"));
        using var folder = Checkpoint.Open(GoldenFiles.Copied("models", "llama-gqa-tied"));
        // this file has no tokenizer, so it names no special tokens
        var expected = folder.Config with { BosTokenId = -1, EosTokenIds = gguf.Config.EosTokenIds, Windows = gguf.Config.Windows };
        Assert.That(gguf.Config, Is.EqualTo(expected));
        Assert.That(gguf.Config.EosTokenIds, Is.Empty);
    }

    [Test]
    public void A_real_model_opens_with_its_vocabulary()
    {
        using var model = Checkpoint.Open(GoldenFiles.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        Assert.That(model.Format, Is.EqualTo("gguf"));
        Assert.That(model.Config.Layers, Is.EqualTo(30));
        Assert.That(model.Config.HeadDim, Is.EqualTo(64));
        Assert.That(model.Config.KeyValueHeads, Is.EqualTo(3));
        Assert.That(model.Config.TieWordEmbeddings, Is.True);
        Assert.That(model.Config.NormEpsilon, Is.EqualTo(1e-5f));
        Assert.That(model.Config.RopeTheta, Is.EqualTo(100000));
        Assert.That(model.Config.BosTokenId, Is.EqualTo(1));
        Assert.That(model.Tensors["model.embed_tokens.weight"].Type, Is.EqualTo(DType.Q8_0));
        Assert.That(model.Require("model.layers.29.mlp.down_proj.weight", 576, 1536).Type, Is.EqualTo(DType.Q4_1));
        Assert.That(model.Gguf!.Metadata.Texts("tokenizer.ggml.tokens"), Has.Length.EqualTo(49152));
        Assert.That(model.Gguf.Metadata.Texts("tokenizer.ggml.merges")![0], Is.EqualTo("Ġ t"));
        Assert.That(model.Gguf.Metadata.Integers("tokenizer.ggml.token_type")![0], Is.EqualTo(3));
        Assert.That(model.Gguf.Metadata.Flag("tokenizer.ggml.add_bos_token"), Is.False);
    }
}
