using System.Globalization;

namespace SvdSurgeon.Cli.Output;

/// <summary>Amounts of bytes as people read them, in units of 10³, 10⁶ and 10⁹ everywhere.</summary>
internal static class Bytes
{
    private const double PerMebibyte = 1 << 20;

    /// <summary>"812.0 kB", "98.4 MB", "1.23 GB".</summary>
    public static string Text(double bytes) =>
        bytes switch
        {
            >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F2} GB"),
            >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F1} kB"),
        };

    /// <summary>A peak of memory that is kept in MiB.</summary>
    public static string OfMebibytes(double mebibytes) => Text(mebibytes * PerMebibyte);
}
