using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using NUnit.Framework;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Reporting;
using SvdSurgeon.Tests.Pipeline;

namespace SvdSurgeon.Tests.Reporting;

/// <summary>The HTML report: one well-formed file that refers to nothing outside itself and says what metrics.json says.</summary>
[TestFixture, Category("Slow")]
public sealed class ReportTests
{
    private const int Sequences = 8,
        Windows = 4;

    [Test]
    public void A_report_is_well_formed_refers_to_nothing_and_its_numbers_are_those_of_the_metrics()
    {
        using var tales = new TinyTales();
        var select = new CompressionOptions
        {
            Method = CompressionMethod.Whiten,
            Surgeon = SurgeonMode.Select,
            Fisher = FisherSamples.Tokens,
            Ratios = [0.8, 0.5],
        };
        var columns = select with { Surgeon = SurgeonMode.None, Columns = ColumnMode.Preserve, Ratios = [0.6] };
        string first = Output(tales.Compress(select, Sequences, Windows, "select")),
            second = Output(tales.Compress(columns, Sequences, Windows, "columns"));
        string text = File.ReadAllText(HtmlReport.Write([first, second], Path.Combine(first, "r.html")));
        foreach (string outside in (string[])["http:", "https:", "src=", "href=", "url(", "@import"])
            Assert.That(text, Does.Not.Contain(outside));
        var page = Parse(text);
        Assert.Multiple(() =>
        {
            Assert.That(page.Descendants("html").Single().Attribute("lang")!.Value, Is.EqualTo("en"));
            Assert.That(page.Descendants("title").First().Value, Does.Contain("tinytales-opt"));
            Assert.That(
                page.Descendants("svg").All(svg => svg.Attribute("aria-label") is not null || svg.Attribute("aria-hidden") is not null),
                "every picture has a text or is said to be decoration"
            );
            Assert.That(
                page.Descendants("table")
                    .All(table =>
                        table.Element("caption") is not null && table.Descendants("th").Any(th => th.Attribute("scope")?.Value == "col")
                    )
            );
        });
        string[] commands = [.. page.Descendants("code").Select(code => code.Value)];
        Assert.That(commands, Has.Some.StartsWith("svdsurgeon generate select/ratio-0.5"), "each result runs here");
        Assert.That(commands, Has.Some.StartsWith("svdsurgeon export columns/ratio-0.6 --format onnx"), "and elsewhere by one command");
        Assert.That(text, Does.Not.Contain(Path.GetDirectoryName(first)), "no path of this machine");
        var modules = page.Descendants("table")
            .Where(table => table.Element("caption")!.Value.StartsWith("Modules of select/ratio-0.5", StringComparison.Ordinal))
            .Single()
            .Element("tbody")!
            .Elements("tr")
            .ToList();
        var metrics = JsonNode.Parse(File.ReadAllText(Path.Combine(first, "ratio-0.5", "metrics.json")))!;
        Assert.That(modules, Has.Count.EqualTo(metrics["modules"]!.AsArray().Count));
        foreach (var (row, module) in modules.Zip(metrics["modules"]!.AsArray()))
        {
            var cells = row.Elements().ToList();
            Assert.That(cells[0].Value, Is.EqualTo((string)module!["name"]!));
            Assert.That(cells[4].Value, Is.EqualTo(((int)module["rank"]!).ToString(CultureInfo.InvariantCulture)));
            Assert.That(Value(cells[^2]), Is.EqualTo((double)module["output_error_before"]!));
            Assert.That(Value(cells[^1]), Is.EqualTo((double)module["output_error"]!));
        }
        double ppl = (double)metrics["evaluation"]!["compressed"]!["ppl"]!;
        Assert.That(
            page.Descendants("td").Select(cell => cell.Attribute("data-v")?.Value),
            Does.Contain(ppl.ToString(CultureInfo.InvariantCulture))
        );
    }

    [Test]
    public void The_waterfall_has_every_step_of_auto_and_text_is_escaped()
    {
        using var tales = new TinyTales();
        var result = tales.Compress(
            new CompressionOptions
            {
                Method = CompressionMethod.Svd,
                Surgeon = SurgeonMode.None,
                Ratios = [0.5],
            },
            Sequences,
            Windows,
            "a <b> & \"c\""
        );
        string folder = result.Models[0].Folder,
            config = Path.Combine(folder, "config.json");
        var json = JsonNode.Parse(File.ReadAllText(config))!;
        json["svdsurgeon"]!["auto"] = new JsonArray(
            new JsonObject
            {
                ["step"] = "svd",
                ["held_out_loss"] = 1.5,
                ["kept"] = true,
            },
            new JsonObject
            {
                ["step"] = "a step & <more>",
                ["held_out_loss"] = 0.75,
                ["change"] = -0.75,
                ["change_se"] = 0.01,
                ["kept"] = true,
            },
            new JsonObject
            {
                ["step"] = "a bad one",
                ["held_out_loss"] = null,
                ["kept"] = false,
            }
        );
        File.WriteAllText(config, json.ToJsonString());
        var page = Parse(File.ReadAllText(HtmlReport.Write([Output(result)])));
        var rows = page.Descendants("table")
            .Single(table => table.Attribute("class")?.Value == "waterfall")
            .Element("tbody")!
            .Elements("tr")
            .ToList();
        Assert.Multiple(() =>
        {
            Assert.That(
                rows.Select(row => row.Element("th")!.Value),
                Is.EqualTo(new[] { "svd", "a step & <more>", "a bad one (left out)" })
            );
            Assert.That(rows.Select(row => row.Elements("td").First().Value), Is.EqualTo(new[] { "4.4817", "2.117", "not finite" }));
            Assert.That(rows[1].Elements("td").ElementAt(1).Value, Is.EqualTo("−0.7500 ± 0.0100"));
            Assert.That(page.ToString(), Does.Contain("a &lt;b&gt; &amp;"));
        });
    }

    [Test]
    public void Numbers_do_not_depend_on_the_readers_language()
    {
        using var tales = new TinyTales();
        string folder = Output(
            tales.Compress(
                new CompressionOptions
                {
                    Method = CompressionMethod.Svd,
                    Surgeon = SurgeonMode.None,
                    Ratios = [0.5],
                },
                Sequences,
                Windows
            )
        );
        string expected = File.ReadAllText(HtmlReport.Write([folder]));
        var culture = CultureInfo.CurrentCulture;
        try
        {
            // Built by hand: a machine without language data has no other.
            var other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (other.NumberFormat.NumberDecimalSeparator, other.NumberFormat.NumberGroupSeparator, other.NumberFormat.PercentSymbol) = (
                ",",
                ".",
                "pc"
            );
            CultureInfo.CurrentCulture = other;
            Assert.That(File.ReadAllText(HtmlReport.Write([folder])), Is.EqualTo(expected));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Test]
    public void A_folder_without_results_is_refused_by_name()
    {
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
        try
        {
            Assert.That(() => HtmlReport.Write([folder]), Throws.TypeOf<InvalidInputException>().With.Message.Contains(folder));
            Assert.That(
                () => HtmlReport.Write([Path.Combine(folder, "none")]),
                Throws.TypeOf<InvalidInputException>().With.Message.Contains("none")
            );
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    private static string Output(CompressionResult result) => Path.GetDirectoryName(result.Models[0].Folder)!;

    private static double Value(XElement cell) => double.Parse(cell.Attribute("data-v")!.Value, CultureInfo.InvariantCulture);

    private static XDocument Parse(string html)
    {
        using var reader = XmlReader.Create(new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }
}
