using System.Runtime.InteropServices;
using NUnit.Framework;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class TokenFileTests
{
    // The token files of the peer's tables, made by the models' own tokenizers. Its texts were read with every line end as a line feed.
    [TestCase("models/SmolLM2-135M-Instruct.Q4_1.gguf", "wikitext-2/wiki.test.raw", "smollm2.wikitext-test.npy")]
    [TestCase("models/docs-opt", "docs/evaluation.txt", "docs-opt.evaluation.npy")]
    [TestCase("models/tinytales-opt", "tinytales/evaluation.txt", "tinytales-opt.evaluation.npy")]
    [TestCase("models/tinytales-llama", "tinytales/evaluation.txt", "tinytales-llama.evaluation.npy")]
    public void A_long_text_has_the_ids_of_its_token_file(string model, string text, string ids)
    {
        var bytes = File.ReadAllBytes(GoldenFiles.Shared("data", "ids", ids));
        var start = 10 + BitConverter.ToUInt16(bytes, 8); // the header of a .npy file
        var expected = MemoryMarshal.Cast<byte, int>(bytes.AsSpan(start)).ToArray();
        var tokenizer = Tokenizer.Open(GoldenFiles.Shared(model.Split('/')));
        var encoded = tokenizer.Encode(File.ReadAllText(GoldenFiles.Shared(["data", .. text.Split('/')])).Replace("\r\n", "\n"));
        Assert.That(encoded.AsSpan().SequenceEqual(expected), Is.True);
    }
}
