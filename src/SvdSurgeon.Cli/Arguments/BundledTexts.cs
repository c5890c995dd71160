using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Sources;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>
/// The texts that are part of the program (English, made for this project), for runs that name none. A recipe names files, so they are
/// written where programs keep their data.
/// </summary>
internal static class BundledTexts
{
    private const string Prefix = "Assets/texts/";

    /// <summary>What is said where the calibration text is the program's own.</summary>
    public const string CalibrationNote =
        "Calibrated on the bundled text (simple English tales); give --calibration FILE, text like what the model will be used for, for "
        + "better.";

    /// <summary>The calibration data that was named, or the program's own text.</summary>
    public static CalibrationSource Or(CalibrationSource named) =>
        IsNone(named) ? named with { Texts = [new SourceFile(FileOf("calibration.txt"))] } : named;

    /// <summary>Whether no calibration data was named.</summary>
    public static bool IsNone(CalibrationSource named) => named.Texts.Count == 0 && named.Tokens is null;

    /// <summary>Other text of the same kind, enough of it to see what was lost.</summary>
    public static EvaluationSource Evaluation() => new() { Texts = [new SourceFile(FileOf("evaluation.txt"))], Windows = 16 };

    private static string FileOf(string name)
    {
        string data = Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.DoNotVerify
            ),
            folder = Path.Combine(data.Length > 0 ? data : Path.GetTempPath(), "svdsurgeon", "texts"),
            file = Path.Combine(folder, name);
        using var source = typeof(BundledTexts).Assembly.GetManifestResourceStream(Prefix + name)!;
        var bytes = new byte[source.Length];
        source.ReadExactly(bytes);
        if (!File.Exists(file) || !File.ReadAllBytes(file).AsSpan().SequenceEqual(bytes))
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(file, stream => stream.Write(bytes), bytes.Length);
        }
        return file;
    }
}
