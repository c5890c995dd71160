using System.IO.Compression;
using System.Text;
using NUnit.Framework;
using SvdSurgeon.Calibration;

namespace SvdSurgeon.Tests.Calibration;

/// <summary>What a text file is, its content says; where its name says something else, a sentence does.</summary>
[TestFixture]
public sealed class TextFormTests
{
    private const string Lines = "{\"text\": \"one\\n\", \"id\": NaN}\n\n{\"id\": 2, \"text\": \"two\"}\n";
    private const string Array = "[{\"text\": \"one\\n\"},\n \"two\"]";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Delete() => _folder.Dispose();

    [TestCase("x.jsonl", Lines, null)]
    [TestCase("x.ndjson", Lines, null)]
    [TestCase("x.json", Lines, "JSON lines")]
    [TestCase("x.txt", Lines, "JSON lines")]
    [TestCase("x", Array, "a JSON array")]
    [TestCase("x.json", Array, null)]
    public void The_same_documents_come_from_every_form_of_JSON(string name, string contents, string? taken)
    {
        Assert.That(Read(_folder.Write(name, contents), out var notes), Is.EqualTo((string[])["one\n", "two"]));
        AssertNoted(notes, taken);
        string packed = _folder["packed-" + name + ".gz"];
        using (var stream = new GZipStream(File.Create(packed), CompressionLevel.Fastest))
            stream.Write(Encoding.UTF8.GetBytes(contents));
        Assert.That(Read(packed, out notes), Is.EqualTo((string[])["one\n", "two"]));
        AssertNoted(notes, taken);
        File.Move(packed, _folder["unnamed-" + name]);
        Assert.That(Read(_folder["unnamed-" + name], out notes), Is.EqualTo((string[])["one\n", "two"]));
        AssertNoted(notes, "compressed with gzip");
    }

    [TestCase("{\"text\": \"only\"}", "only", "a JSON object")]
    [TestCase("{\n  \"text\": \"only\"\n}\n", "only", "a JSON object")]
    [TestCase("{curly} is how it begins\n", "{curly} is how it begins\n", null)]
    [TestCase("[1] A footnote\n", "[1] A footnote\n", null)]
    [TestCase("{\"a\": 1}", "{\"a\": 1}", "taken for plain text")]
    [TestCase("[1, 2]", "[1, 2]", "taken for plain text")]
    public void A_text_that_begins_with_a_bracket_is_JSON_only_where_it_is_one(string contents, string expected, string? taken)
    {
        Assert.That(Read(_folder.Write("x.txt", contents), out var notes), Is.EqualTo((string[])[expected]));
        AssertNoted(notes, taken);
    }

    [Test]
    public void UTF_16_is_read_and_named()
    {
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            string path = _folder.Write("x.txt", [.. encoding.GetPreamble(), .. encoding.GetBytes("é one")]);
            Assert.That(Read(path, out var notes), Is.EqualTo((string[])["é one"]));
            AssertNoted(notes, "UTF-16");
        }
        string unmarked = _folder.Write("y.txt", Encoding.Unicode.GetBytes("é one"));
        Assert.That(() => Read(unmarked, out _), Throws.InstanceOf<InvalidInputException>().With.Message.Contains("UTF-16"));
    }

    [TestCase("PAR1\u0015", "a Parquet file")]
    [TestCase("PK\u0003\u0004", "a zip archive")]
    [TestCase("GGUF\u0003", "a GGUF model")]
    [TestCase("%PDF-1.7", "a PDF file")]
    [TestCase("version https://git-lfs.github.com/spec/v1\n", "git lfs pull")]
    public void What_is_no_text_is_called_by_its_name(string contents, string expected) =>
        Assert.That(
            () => Read(_folder.Write("x.txt", contents), out _),
            Throws.InstanceOf<InvalidInputException>().With.Message.Contains(expected)
        );

    [Test]
    public void A_folder_is_no_text() =>
        Assert.That(() => Read(_folder.Path, out _), Throws.InstanceOf<InvalidInputException>().With.Message.Contains("this is a folder"));

    [TestCase("x.json", "{\"content\": \"a\"}", "but one with 'content'")]
    [TestCase("x.jsonl", "{\"text\": \"a\"}\n{\"content\": \"a\"}\n", "line 2")]
    [TestCase("x.json", "plain", "not valid JSON")]
    [TestCase("x.json", "[]", "the array is empty")]
    public void A_file_that_is_called_JSON_is_JSON_with_texts_or_refused(string name, string contents, string expected) =>
        Assert.That(
            () => Read(_folder.Write(name, contents), out _),
            Throws.InstanceOf<InvalidInputException>().With.Message.Contains(expected)
        );

    private static IReadOnlyList<string> Read(string path, out List<string> notes) => TextSource.ReadDocuments([path], notes = []);

    private static void AssertNoted(List<string> notes, string? taken)
    {
        if (taken is null)
            Assert.That(notes, Is.Empty);
        else
            Assert.That(notes, Has.Exactly(1).Items.And.One.Contains(taken));
    }
}
