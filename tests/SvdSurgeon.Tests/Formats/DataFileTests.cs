using System.IO.Compression;
using System.Text;
using NUnit.Framework;
using SvdSurgeon.Calibration;

namespace SvdSurgeon.Tests.Formats;

public class DataFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    private string Npy(string header, byte[] data, byte version = 1)
    {
        byte[] text = Encoding.Latin1.GetBytes(header);
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes((uint)text.Length);
        return _folder.Write("ids.npy", [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. data]);
    }

    private static byte[] Int32(params int[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] Int64(params long[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    [Test]
    public void Token_ids_of_both_widths_and_shapes_are_read()
    {
        var rows = TokenFile.Read(Npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n", Int32(1, 2, 3, 4, 5, 6)));
        Assert.That((rows.Rows, rows.Columns, rows.IsFlat), Is.EqualTo((2, 3, false)));
        Assert.That(rows.Row(1).ToArray(), Is.EqualTo(new[] { 4, 5, 6 }));
        var flat = TokenFile.Read(Npy("{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }   \n", Int64(9, 8, 7, 6), version: 2));
        Assert.That((flat.Rows, flat.Columns, flat.IsFlat), Is.EqualTo((1, 4, true)));
        Assert.That(flat.Tokens.ToArray(), Is.EqualTo(new[] { 9, 8, 7, 6 }));
    }

    // Written by NumPy.
    [Test]
    public void Golden_token_files_are_read_and_written_back_byte_for_byte()
    {
        string path = GoldenFiles.Shared("data", "ids", "tinytales-opt.calibration.256x128.npy");
        var tokens = TokenFile.Read(path, 1024);
        Assert.That((tokens.Rows, tokens.Columns), Is.EqualTo((128, 256)));
        tokens.Write(_folder["copy.npy"]);
        Assert.That(File.ReadAllBytes(_folder["copy.npy"]), Is.EqualTo(File.ReadAllBytes(path)));
    }

    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, "'<f4'. Supported: int32 and int64")]
    [TestCase("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", 8, "'>i4'")]
    [TestCase("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 2), }", 8, "Fortran order")]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1, 2), }", 8, "3 axes")]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (), }", 4, "0 axes")]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", 8, "does not hold the numbers")]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", 8, "does not hold the numbers")]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", 9, "does not hold the numbers")]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999,), }", 8, "does not hold the numbers")]
    [TestCase("{'descr': '<i4', 'fortran_order': False, 'shape': (0,), }", 0, "no tokens")]
    [TestCase("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }", 8, "header")]
    public void Other_arrays_are_refused_with_a_sentence(string header, int bytes, string reason)
    {
        string path = Npy(header, new byte[bytes]);
        Assert.That(Assert.Throws<InvalidInputException>(() => TokenFile.Read(path))!.Message, Does.StartWith(path).And.Contain(reason));
    }

    [Test]
    public void A_token_outside_the_vocabulary_is_named()
    {
        string path = Npy("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", Int32(5, 100, 7));
        Assert.That(TokenFile.Read(path, 101).Columns, Is.EqualTo(3));
        Assert.That(
            Assert.Throws<InvalidInputException>(() => TokenFile.Read(path, 100))!.Message,
            Does.Contain("entry 1 is 100").And.Contain("0 to 99")
        );
        path = Npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", Int64(1L << 40));
        Assert.That(Assert.Throws<InvalidInputException>(() => TokenFile.Read(path))!.Message, Does.Contain("1099511627776"));
        path = Npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", Int32(-1));
        Assert.That(Assert.Throws<InvalidInputException>(() => TokenFile.Read(path))!.Message, Does.Contain("entry 0 is -1"));
    }

    [Test]
    public void What_is_no_npy_file_is_refused([Values("", "text", "\u0093NUMPY\u0001\0")] string contents)
    {
        string path = _folder.Write("ids.npy", Encoding.Latin1.GetBytes(contents));
        Assert.That(Assert.Throws<InvalidInputException>(() => TokenFile.Read(path))!.Message, Does.Contain("no .npy file"));
        Assert.That(
            Assert.Throws<InvalidInputException>(() => TokenFile.Read(_folder["none.npy"]))!.Message,
            Does.Contain("does not exist")
        );
    }

    [Test]
    public void Documents_of_all_kinds_are_joined_with_an_empty_line()
    {
        string plain = _folder.Write("a.txt", "Erste\r\nZeile äöü\n");
        string bom = _folder.Write("b.raw", [0xEF, 0xBB, 0xBF, (byte)'b']);
        string packed = _folder.Write("c.txt.gz", Gzip("packed"));
        string lines = _folder.Write("d.jsonl", "{\"text\":\"one\\n\",\"id\":1}\n\n {\"id\":2,\"text\":\"two\"}\r\n");
        string packedLines = _folder.Write("e.jsonl.gz", Gzip("{\"text\":\"three\"}"));
        Assert.That(
            TextSource.Read([plain, bom, packed, lines, packedLines]),
            Is.EqualTo("Erste\nZeile äöü\n\n\nb\n\npacked\n\none\n\n\ntwo\n\nthree")
        );
        Assert.That(TextSource.ReadDocuments([lines]), Is.EqualTo(new[] { "one\n", "two" }));
    }

    [TestCase("x.jsonl", "{\"text\":\"a\"}\n{\"text\":3}", "line 2 is no JSON object with a string 'text'")]
    [TestCase("x.jsonl", "{\"text\":\"a\"}\n\n{\"body\":\"b\"}", "line 3")]
    [TestCase("x.jsonl", "[1]", "line 1")]
    [TestCase("x.jsonl", "{\"text\":", "line 1 is not valid JSON")]
    [TestCase("x.jsonl", "{\"text\":\"a\"} {}", "line 1")]
    [TestCase("x.jsonl", "{\"text\":\"\\ud800\"}", "line 1 is not valid JSON")]
    [TestCase("x.txt.gz", "not packed", "no complete gzip file")]
    [TestCase("x.txt", "  \n", "there is no text")]
    [TestCase("x.txt", "", "there is no text")]
    public void A_wrong_text_file_is_refused_with_file_and_line(string name, string contents, string reason)
    {
        string path = _folder.Write(name, contents);
        Assert.That(Assert.Throws<InvalidInputException>(() => TextSource.Read([path]))!.Message, Does.StartWith(path).And.Contain(reason));
    }

    [Test]
    public void Bad_utf8_is_named_with_its_byte()
    {
        string path = _folder.Write("x.txt", [(byte)'a', 0xC3, 0xA4, 0xFF, (byte)'b']);
        Assert.That(
            Assert.Throws<InvalidInputException>(() => TextSource.Read([path]))!.Message,
            Does.Contain("not valid UTF-8 at byte 3")
        );
        path = _folder.Write("y.txt", [0xEF, 0xBB, 0xBF, (byte)'a', 0xE2, 0x82]);
        Assert.That(Assert.Throws<InvalidInputException>(() => TextSource.Read([path]))!.Message, Does.Contain("at byte 4"));
    }

    [Test]
    public void A_packed_text_that_is_cut_is_refused()
    {
        byte[] whole = Gzip(string.Concat(Enumerable.Range(0, 5000)));
        string path = _folder.Write("x.txt.gz", whole.AsSpan(0, whole.Length / 2));
        Assert.That(Assert.Throws<InvalidInputException>(() => TextSource.Read([path]))!.Message, Does.Contain("no complete gzip file"));
    }

    [Test]
    public void Packed_texts_one_after_the_other_are_one_text()
    {
        string path = _folder.Write("x.txt.gz", [.. Gzip("first "), .. Gzip("second")]);
        Assert.That(TextSource.Read([path]), Is.EqualTo("first second"));
    }

    [Test]
    public void A_missing_text_is_named() =>
        Assert.That(
            Assert.Throws<InvalidInputException>(() => TextSource.Read([_folder["none.txt"]]))!.Message,
            Does.Contain("none.txt: the file does not exist")
        );

    private static byte[] Gzip(string text)
    {
        var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Fastest))
            stream.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
