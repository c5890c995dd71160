using System.Globalization;
using static SvdSurgeon.Reporting.Marks;

namespace SvdSurgeon.Reporting;

/// <summary>
/// The singular values of one module on a logarithmic axis: kept ones a solid line, dropped ones dashed, corrected ones circles; where
/// components were selected, kept ones beyond the rank are squares and dropped ones before it crosses, and saliencies are dots in a band of
/// their own.
/// </summary>
internal static class SpectrumChart
{
    private const double Width = 200,
        Plot = 96,
        Left = 30,
        Right = 4,
        Top = 6,
        Band = 36;
    private const double Decades = 4;
    private const int MostPoints = 80,
        MostCorrected = 12;

    /// <summary>The chart; a module without a spectrum has none.</summary>
    public static HtmlMarkup Draw(ModuleRow module)
    {
        double[] sigma = module.Spectrum;
        int total = sigma.Length,
            kept = module.Corrected?.Length ?? module.Kept?.Length ?? module.Rank ?? total;
        double largest = Math.Max(sigma[0], module.Corrected is { Length: > 0 } c ? c.Max() : 0),
            floor = Math.Max(largest * Math.Pow(10, -Decades), double.Epsilon);
        double smallest = Math.Max(sigma.Where(s => s > 0).DefaultIfEmpty(largest).Min(), floor);
        (double high, double low) = (Math.Log10(largest), Math.Min(Math.Log10(smallest), Math.Log10(largest) - 0.3));
        double height = Top + Plot + 14 + (module.Saliencies is null ? 0 : Band);
        double X(double i) => Left + (total < 2 ? 0 : i / (total - 1) * (Width - Left - Right));
        double Y(double s) => Top + Math.Clamp((high - Math.Log10(Math.Max(s, floor))) / (high - low), 0, 1) * Plot;
        string Path(int from, int to) => string.Join('L', Sample(from, to, MostPoints).Select(i => $"{At(X(i))} {At(Y(sigma[i]))}"));

        string ofAll = string.Create(
            CultureInfo.InvariantCulture,
            $"{total} singular values from {largest:G3} to {sigma[^1]:G3}, "
                + $"{(module.Rank is null ? "all kept in the dense module" : $"{kept} kept")}"
        );
        var svg = new HtmlMarkup().Line(
            $"<figure class=\"small\"><figcaption>{module.Name}</figcaption><svg class=\"spectrum\" viewBox=\"0 0 {Width} {At(height)}\" "
                + $"role=\"img\" aria-label=\"{module.Name}: {ofAll}\">"
        );
        svg.Add($"<path class=\"axis\" d=\"M{At(Left)} {At(Top)}V{At(Top + Plot)}H{At(Width - Right)}\"/>");
        svg.Add(
            $"<text x=\"{At(Left - 3)}\" y=\"{At(Top + 7)}\" text-anchor=\"end\">{Short(largest)}</text><text x=\"{At(Left - 3)}\" "
                + $"y=\"{At(Top + Plot)}\" text-anchor=\"end\">{Short(Math.Pow(10, low))}</text>"
        );
        if (kept > 0)
            svg.Add($"<path class=\"kept\" d=\"M{Path(0, kept)}\"/>");
        if (kept < total)
            svg.Add(
                $"<path class=\"dropped\" d=\"M{Path(Math.Max(kept - 1, 0), total)}\"/><path class=\"cut\" d=\"M{At(X(kept - 0.5))} "
                    + $"{At(Top)}V{At(Top + Plot)}\"/>"
            );
        bool late = kept > total * 0.55;
        string label = module.Rank is null ? "dense" : $"r = {kept}";
        if (module.KeptColumns > 0)
            label += $", {module.KeptColumns} columns";
        svg.Add(
            $"<text x=\"{At(X(kept - 0.5) + (late ? -3 : 3))}\" y=\"{At(Top + 8)}\" "
                + $"text-anchor=\"{(late ? "end" : "start")}\">{label}</text>"
        );
        if (module.Corrected is { } corrected)
            foreach (int i in Sample(0, corrected.Length, MostCorrected))
                svg.Add($"<circle class=\"corrected\" cx=\"{At(X(module.Kept?[i] ?? i))}\" cy=\"{At(Y(corrected[i]))}\" r=\"2\"/>");
        if (module.Kept is { } chosen)
        {
            foreach (int i in chosen.Where(i => i >= kept))
                svg.Add($"<path class=\"chosen\" d=\"M{At(X(i) - 2)} {At(Y(sigma[i]) - 2)}h4v4h-4z\"/>");
            foreach (int i in Enumerable.Range(0, kept).Except(chosen))
                svg.Add($"<path class=\"passed\" d=\"M{At(X(i) - 2.5)} {At(Y(sigma[i]) - 2.5)}l5 5m0 -5l-5 5\"/>");
        }
        svg.Add(
            $"<text x=\"{At(Width - Right)}\" y=\"{At(Top + Plot + 10)}\" text-anchor=\"end\">{total}</text><text x=\"{At(Left)}\" "
                + $"y=\"{At(Top + Plot + 10)}\">1</text>"
        );
        if (module.Saliencies is { } saliencies)
            Saliencies(svg, saliencies, X);
        return svg.Add($"</svg></figure>");
    }

    private static void Saliencies(HtmlMarkup svg, double[] saliencies, Func<double, double> x)
    {
        double top = saliencies.Max(),
            bottom = Top + Plot + 14 + Band - 4;
        if (top <= 0)
            return;
        svg.Add(
            $"<text x=\"{At(Left + 2)}\" y=\"{At(bottom - Band + 16)}\">saliency</text><path class=\"axis\" d=\"M{At(Left)} "
                + $"{At(bottom)}H{At(Width - Right)}\"/>"
        );
        foreach (int i in Sample(0, saliencies.Length, MostPoints))
        {
            double share = Math.Clamp(1 + Math.Log10(Math.Max(saliencies[i], double.Epsilon) / top) / Decades, 0, 1);
            svg.Add($"<path class=\"saliency\" d=\"M{At(x(i))} {At(bottom)}v{At(-share * (Band - 18))}\"/>");
        }
    }

    // Two digits in at most five characters.
    private static string Short(double value)
    {
        int power = (int)Math.Floor(Math.Log10(value));
        return power is >= -2 and <= 3
            ? value.ToString(
                power >= 1 ? "0"
                    : power == 0 ? "0.0"
                    : "0.###",
                CultureInfo.InvariantCulture
            )
            : string.Create(CultureInfo.InvariantCulture, $"{value / Math.Pow(10, power):0.#}e{power}");
    }

    // Indices from one to another, ends included, no more than can be told apart.
    private static IEnumerable<int> Sample(int from, int to, int most)
    {
        int count = to - from;
        if (count <= most)
            return Enumerable.Range(from, Math.Max(count, 0));
        return Enumerable.Range(0, most).Select(i => from + (int)((long)i * (count - 1) / (most - 1))).Distinct();
    }
}
