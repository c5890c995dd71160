using NUnit.Framework;
using SvdSurgeon.Fuzz.Openings;

namespace SvdSurgeon.Tests.Properties;

/// <summary>
/// Every file of the fuzzing corpora, whole, cut and with bytes changed, against the contract of the openings. What a campaign found is
/// among them (docs/fuzzing.md).
/// </summary>
[TestFixture]
public sealed class CorpusTests
{
    private const int Mutations = 4;

    private static IEnumerable<string> Formats => AllOpenings.All.Select(opening => opening.Name);

    [TestCaseSource(nameof(Formats))]
    public void Every_opening_returns_or_refuses_in_time_and_memory(string format)
    {
        using var folder = new TemporaryFolder();
        var opening = AllOpenings.All.Single(opening => opening.Name == format);
        var contract = new Contract(folder.Path, Path.Combine(AppContext.BaseDirectory, "Fuzz", "Fixtures"));
        string[] files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fuzz", "Corpora", format));
        Assert.That(files, Is.Not.Empty);
        var random = new Random(28);
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            byte[] bytes = File.ReadAllBytes(file);
            Keeps(bytes);
            for (int i = 0; i < Mutations && bytes.Length > 0; i++)
            {
                Keeps(bytes[..random.Next(bytes.Length)]);
                byte[] changed = [.. bytes];
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
                Keeps(changed);
            }

            void Keeps(byte[] contents)
            {
                if (contract.Breach(opening, contents) is { } breach)
                    Assert.Fail($"{Path.GetFileName(file)} as {Convert.ToBase64String(contents)}: {breach}");
            }
        }
    }
}
