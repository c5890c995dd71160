using System.Globalization;

namespace SvdSurgeon.Reporting;

/// <summary>What tells series apart without colour: a shape, a dash pattern, and a colour besides.</summary>
internal static class Marks
{
    private static readonly string[] Dashes = ["", "6 3", "2 3", "8 3 2 3", "4 4", "1 3", "10 3"];

    /// <summary>Attributes of the line of series <paramref name="series"/>.</summary>
    public static HtmlMarkup Stroke(int series)
    {
        var markup = new HtmlMarkup().Add($"class=\"line c{series % 7}\"");
        return Dashes[series % Dashes.Length] is { Length: > 0 } dash ? markup.Add($" stroke-dasharray=\"{dash}\"") : markup;
    }

    /// <summary>The shape of a series at a place.</summary>
    public static HtmlMarkup Shape(int series, double x, double y, double size = 4)
    {
        string path = (series % 7) switch
        {
            0 => $"M{At(x - size)} {At(y)}a{At(size)} {At(size)} 0 1 0 {At(2 * size)} 0a{At(size)} {At(size)} 0 1 0 {At(-2 * size)} 0z",
            1 => $"M{At(x - size)} {At(y - size)}h{At(2 * size)}v{At(2 * size)}h{At(-2 * size)}z",
            2 => $"M{At(x)} {At(y - size)}L{At(x + size)} {At(y + size)}H{At(x - size)}z",
            3 => $"M{At(x)} {At(y - 1.3 * size)}L{At(x + 1.3 * size)} {At(y)}L{At(x)} {At(y + 1.3 * size)}L{At(x - 1.3 * size)} {At(y)}z",
            4 =>
                $"M{At(x - size)} {At(y - size)}L{At(x + size)} {At(y + size)}M{At(x - size)} {At(y + size)}L{At(x + size)} {At(y - size)}",
            5 => $"M{At(x)} {At(y + size)}L{At(x + size)} {At(y - size)}H{At(x - size)}z",
            _ => $"M{At(x - size)} {At(y)}H{At(x + size)}M{At(x)} {At(y - size)}V{At(y + size)}",
        };
        return new HtmlMarkup().Add($"<path class=\"mark c{series % 7}\" d=\"{path}\"/>");
    }

    /// <summary>A legend of names with their line and shape.</summary>
    public static HtmlMarkup Legend(IEnumerable<string> names)
    {
        var markup = new HtmlMarkup().Add($"<ul class=\"legend\">");
        foreach (var (series, name) in names.Index())
            markup.Add(
                $"<li><svg viewBox=\"0 0 36 12\" width=\"36\" height=\"12\" aria-hidden=\"true\"><path {Stroke(series)} d=\"M0 "
                    + $"6H36\"/>{Shape(series, 18, 6)}</svg> {name}</li>"
            );
        return markup.Add($"</ul>");
    }

    /// <summary>A coordinate.</summary>
    public static string At(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);
}
