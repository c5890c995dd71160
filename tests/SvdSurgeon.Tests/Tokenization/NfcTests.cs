using System.Text.Json;
using NUnit.Framework;
using SvdSurgeon.Tokenization.Normalizing;

namespace SvdSurgeon.Tests.Tokenization;

public sealed class NfcTests
{
    // nfc.json: random texts of letters, marks and characters that decompose, then every such character; normalized by Python's
    // unicodedata.
    [Test]
    public void Form_c_equals_pythons()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.Copied("tokenizers", "nfc.json")));
        var normalizer = new UnicodeNormalizer(System.Text.NormalizationForm.FormC);
        foreach (var pair in json.RootElement.EnumerateArray())
            Assert.That(normalizer.Normalize(pair[0].GetString()!), Is.EqualTo(pair[1].GetString()), pair[0].GetRawText());
    }
}
