using System.Globalization;

namespace SvdSurgeon.Cli.Output;

/// <summary>Times as people read them.</summary>
internal static class Duration
{
    /// <summary>"4.2 s", "3:07", "2:05:00".</summary>
    public static string Text(double seconds) =>
        seconds < 60 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s") : Clock(TimeSpan.FromSeconds(seconds));

    /// <summary>"0:04", "3:07", "2:05:00".</summary>
    public static string Clock(TimeSpan time) =>
        time.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");
}
