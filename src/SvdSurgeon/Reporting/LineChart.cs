using static SvdSurgeon.Reporting.Marks;

namespace SvdSurgeon.Reporting;

/// <summary>
/// Series over a common axis as inline SVG: lines told apart by shape and dash, a legend below, a text for those who do not see it.
/// </summary>
internal sealed class LineChart(string title, string description, string xLabel, string yLabel)
{
    private const double Width = 380,
        Height = 250,
        Left = 58,
        Right = 12,
        Top = 12,
        Bottom = 36;

    /// <summary>Series with their names, in legend order.</summary>
    public List<(string Name, IReadOnlyList<ChartPoint> Points)> Series { get; } = [];

    /// <summary>Marks of the axes: place and text.</summary>
    public IReadOnlyList<(double At, string Text)> XTicks { get; init; } = [];

    /// <summary>Marks of the axes: place and text.</summary>
    public IReadOnlyList<(double At, string Text)> YTicks { get; init; } = [];

    /// <summary>A horizontal line to compare with.</summary>
    public (double At, string Text)? Reference { get; init; }

    /// <summary>Ends of the axes.</summary>
    public required (double From, double To) XRange { get; init; }

    /// <summary>Ends of the axes.</summary>
    public required (double From, double To) YRange { get; init; }

    /// <summary>The chart with its legend.</summary>
    public HtmlMarkup Draw()
    {
        var svg = new HtmlMarkup().Line(
            $"<figure><figcaption>{title}</figcaption><svg class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" "
                + $"aria-label=\"{title}. {description}\">"
        );
        foreach (var (at, text) in YTicks)
            svg.Add(
                $"<path class=\"grid\" d=\"M{At(Left)} {At(Y(at))}H{At(Width - Right)}\"/><text x=\"{At(Left - 5)}\" "
                    + $"y=\"{At(Y(at) + 3.5)}\" text-anchor=\"end\">{text}</text>"
            );
        foreach (var (at, text) in XTicks)
            svg.Add(
                $"<path class=\"grid\" d=\"M{At(X(at))} {At(Height - Bottom)}v4\"/><text x=\"{At(X(at))}\" "
                    + $"y=\"{At(Height - Bottom + 15)}\" text-anchor=\"middle\">{text}</text>"
            );
        svg.Add($"<path class=\"axis\" d=\"M{At(Left)} {At(Top)}V{At(Height - Bottom)}H{At(Width - Right)}\"/>");
        svg.Add($"<text x=\"{At((Left + Width - Right) / 2)}\" y=\"{At(Height - 5)}\" text-anchor=\"middle\">{xLabel}</text>");
        svg.Add($"<text transform=\"translate(10 {At((Top + Height - Bottom) / 2)}) rotate(-90)\" text-anchor=\"middle\">{yLabel}</text>");
        if (Reference is { } line)
            svg.Add($"<path class=\"reference\" d=\"M{At(Left)} {At(Y(line.At))}H{At(Width - Right)}\"/>");
        foreach (var (series, (_, points)) in Series.Index())
        {
            if (points.Count > 1)
                svg.Add($"<path {Stroke(series)} d=\"M{string.Join('L', points.Select(p => $"{At(X(p.X))} {At(Y(p.Y))}"))}\"/>");
            foreach (var point in points)
            {
                if (point.High > point.Low)
                    svg.Add($"<path class=\"line c{series % 7}\" d=\"M{At(X(point.X))} {At(Y(point.Low))}V{At(Y(point.High))}\"/>");
                svg.Add(Shape(series, X(point.X), Y(point.Y)));
            }
        }
        // Above the marks, with a rim of the page's colour, so that no mark covers it.
        if (Reference is { } named)
            svg.Add($"<text class=\"rim\" x=\"{At(Left + 4)}\" y=\"{At(Y(named.At) - 4)}\">{named.Text}</text>");
        svg.Add($"</svg>");
        return svg.Add(Legend(Series.Select(s => s.Name))).Add($"</figure>");
    }

    /// <summary>
    /// Round numbers of a logarithmic axis from one end to the other, no two nearer than a share <paramref name="apart"/> of it.
    /// </summary>
    public static IReadOnlyList<double> LogTicks(double from, double to, double apart)
    {
        // Where the ends are near, the axis is all but linear.
        if (to / from < 1.6)
            return Ticks(from, to, 5);
        if (!(from > 0) || !double.IsFinite(to))
            return [];
        var ticks = new List<double>();
        for (int power = (int)Math.Floor(Math.Log10(from)); Math.Pow(10, power) <= to; power++)
            foreach (double step in (ReadOnlySpan<double>)[1, 2, 5, 1.5, 3, 4, 6, 8, 1.2, 2.5])
            {
                double tick = Math.Round(step * Math.Pow(10, power), 12);
                if (tick >= from && tick <= to && ticks.All(other => Math.Abs(Math.Log(tick / other)) > apart * Math.Log(to / from)))
                    ticks.Add(tick);
            }
        return ticks;
    }

    /// <summary>Round numbers from one end to the other, about <paramref name="count"/>.</summary>
    public static IReadOnlyList<double> Ticks(double from, double to, int count)
    {
        double raw = (to - from) / count,
            power = Math.Pow(10, Math.Floor(Math.Log10(raw))),
            step =
                power
                * (raw / power) switch
                {
                    < 1.5 => 1,
                    < 3.5 => 2,
                    < 7.5 => 5,
                    _ => 10,
                };
        var ticks = new List<double>();
        double first = Math.Ceiling(from / step - 1e-9),
            last = Math.Floor(to / step + 1e-9);
        // Ends that float64 hardly tells apart have no round numbers between them.
        if (!(last - first <= 2 * count))
            return ticks;
        for (double i = 0; i <= last - first; i++)
            ticks.Add((first + i) * step);
        return ticks;
    }

    private double X(double value) => Left + (value - XRange.From) / (XRange.To - XRange.From) * (Width - Left - Right);

    private double Y(double value) =>
        Math.Clamp(Height - Bottom - (value - YRange.From) / (YRange.To - YRange.From) * (Height - Top - Bottom), Top, Height - Bottom);
}
