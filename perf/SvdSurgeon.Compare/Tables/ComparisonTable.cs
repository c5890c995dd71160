using System.Globalization;

namespace SvdSurgeon.Compare.Tables;

/// <summary>Which way round a ratio is read.</summary>
internal enum Ratio
{
    /// <summary>Ours over the peer's: rates, memory.</summary>
    OursOverPeer,

    /// <summary>The peer's over ours: times, so that it says how many times faster ours is.</summary>
    PeerOverOurs,
}

/// <summary>Ours beside the peer's: medians, their ratio, and every repeat. A side that was not measured is empty and says so.</summary>
internal sealed class ComparisonTable(string ours = "ours", string peer = "peer")
{
    private readonly Table _table = new("measure", ours, peer, "ratio", $"{ours}, every repeat", $"{peer}, every repeat");

    /// <summary>Adds a row; numbers that are not finite were not measured.</summary>
    public void Add(string measure, string unit, IEnumerable<double> oursRepeats, IEnumerable<double> peerRepeats, Ratio ratio)
    {
        double[] left = [.. oursRepeats.Where(double.IsFinite)],
            right = [.. peerRepeats.Where(double.IsFinite)];
        _table.Add($"{measure}, {unit}", Middle(left), Middle(right), Compared(left, right, ratio), Every(left), Every(right));
    }

    /// <summary>The table in Markdown.</summary>
    public IEnumerable<string> Lines() => _table.Lines();

    /// <summary>Four significant digits, no exponent below a million.</summary>
    public static string Number(double value)
    {
        if (value == 0)
            return "0";
        int digits = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return Math.Abs(value) >= 1e12
            ? value.ToString("G4", CultureInfo.InvariantCulture)
            : value.ToString($"N{Math.Clamp(3 - digits, 0, 8)}", CultureInfo.InvariantCulture);
    }

    private static string Middle(double[] values) => values.Length == 0 ? "not measured" : Number(Samples.Median(values));

    private static string Every(double[] values) => string.Join("; ", values.Select(Number));

    private string Compared(double[] left, double[] right, Ratio ratio)
    {
        if (left.Length == 0 || right.Length == 0)
            return "";
        double a = Samples.Median(left),
            b = Samples.Median(right);
        return ratio == Ratio.OursOverPeer ? $"{ours} / {peer} {Number(a / b)}" : $"{peer} / {ours} {Number(b / a)}";
    }
}
