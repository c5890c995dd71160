using SvdSurgeon.Compare.Tables;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Fisher;

namespace SvdSurgeon.Compare.Measures;

/// <summary>Spectral gradients by projection against forming G, inside this program.</summary>
internal sealed class FisherForms : IMeasure
{
    public string Name => "fisher";

    private sealed record Pass(double Whole, SortedDictionary<(int M, int N), double> Parts)
    {
        public double Part => Parts.Values.Sum();
    }

    public Section Run(Comparison comparison)
    {
        using var setting = new SpectralSetting(comparison);
        var forms = new[] { SpectralForm.Projection, SpectralForm.Gradient, SpectralForm.Cheaper }.ToDictionary(
            form => form,
            _ => new List<Pass>()
        );
        var published = new List<Pass>();
        using var project = new PublishedProjection(setting.Backend);
        var formed = new FormedGradients(setting.Backend) { Formed = project.Project };
        void Each(Action<ILinearVisitor, List<Pass>> pass)
        {
            foreach (var (form, passes) in forms)
            {
                using var projection = setting.Projection(form);
                pass(projection, passes);
            }
            pass(formed, published);
        }
        Each((visitor, _) => setting.WarmUp(visitor));
        comparison.Repeat(
            Name,
            _ =>
                Each(
                    (visitor, passes) =>
                    {
                        var timed = new TimedVisitor(visitor);
                        passes.Add(new Pass(setting.Time(timed), timed.Seconds));
                    }
                )
        );

        var section = new Section("Spectral Fisher: projection against forming G");
        section.Say(
            $"{setting.Tokens.Sequences} sequences of {setting.Tokens.Length}, for as many components as serve every kept fraction. "
                + $"Projection: P = D·U, Q = X·V, Σ P∘Q. Forming G: G = DᵀX, G·V, column sums with U. As published: G·S⁻ᵀ between the two. "
                + $"Ours is the projection; a run takes whichever of the first two has fewer operations."
        );
        section.Add(Against("forming G", forms[SpectralForm.Projection], forms[SpectralForm.Gradient]));
        section.Add(Against("as published", forms[SpectralForm.Projection], published));
        section.Add(Against("the rule's choice", forms[SpectralForm.Projection], forms[SpectralForm.Cheaper]));
        return section;
    }

    private static IEnumerable<string> Against(string name, List<Pass> projection, List<Pass> other)
    {
        var table = new ComparisonTable("projection", name);
        table.Add("whole gradient pass", "s", projection.Select(p => p.Whole), other.Select(p => p.Whole), Ratio.PeerOverOurs);
        table.Add("this part of it", "s", projection.Select(p => p.Part), other.Select(p => p.Part), Ratio.PeerOverOurs);
        foreach (var (m, n) in projection[0].Parts.Keys)
            table.Add(
                $"modules of {m} × {n}",
                "s",
                projection.Select(p => p.Parts[(m, n)]),
                other.Select(p => p.Parts[(m, n)]),
                Ratio.PeerOverOurs
            );
        return table.Lines();
    }
}
