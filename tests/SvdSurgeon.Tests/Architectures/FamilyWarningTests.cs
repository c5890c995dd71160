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
}
