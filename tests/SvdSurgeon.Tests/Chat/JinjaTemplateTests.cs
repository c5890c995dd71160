using System.Text.Json;
using NUnit.Framework;
using SvdSurgeon.Chat.Jinja;

namespace SvdSurgeon.Tests.Chat;

/// <summary>Templates against what Jinja2 3.1.6 prints, set up as transformers does; a null there is an error of Jinja2.</summary>
[TestFixture]
public sealed class JinjaTemplateTests
{
    private static readonly DateTime s_now = new(2026, 11, 30);

    private static IEnumerable<TestCaseData> Golden()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.Copied("chat", "jinja.json")));
        var root = json.RootElement;
        foreach (var item in root.GetProperty("cases").EnumerateArray())
        {
            string template = item.GetProperty("template").GetString()!;
            if (root.GetProperty("templates").TryGetProperty(template, out var named))
                template = named.GetString()!;
            var variables = item.GetProperty("variables") is { ValueKind: JsonValueKind.Object } own ? own : root.GetProperty("values");
            yield return new TestCaseData(template, variables.GetRawText(), item.GetProperty("expected").GetString()).SetArgDisplayNames(
                item.GetProperty("name").GetString()!
            );
        }
    }

    [TestCaseSource(nameof(Golden))]
    public void A_template_prints_what_Jinja2_prints(string template, string variables, string? expected)
    {
        using var json = JsonDocument.Parse(variables);
        var values = json.RootElement.EnumerateObject().Select(entry => KeyValuePair.Create(entry.Name, Value(entry.Value)));
        if (expected is null)
            Assert.Throws<TemplateException>(() => JinjaTemplate.Parse(template).Render(values, s_now));
        else
            Assert.That(JinjaTemplate.Parse(template).Render(values, s_now), Is.EqualTo(expected));
    }

    [TestCase("{% for i in range(1000000) %}{% for j in range(1000000) %}{% endfor %}{% endfor %}", "steps")]
    [TestCase("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "f")]
    [TestCase("{% set x = 'ab' * 1000000 %}{% for i in range(100) %}{{ x }}{% endfor %}", "characters")]
    [TestCase("{{ range(100000000) }}", "range")]
    public void A_hostile_template_ends(string template, string named) =>
        Assert.That(Assert.Throws<TemplateException>(() => JinjaTemplate.Parse(template).Render([], s_now))!.Message, Does.Contain(named));

    [TestCase("a\n{{ 1 +", "line 2")]
    [TestCase("{% if x %}", "endif")]
    [TestCase("{% import 'os' %}", "'import'")]
    [TestCase("{{ x | nofilter }}", "'nofilter'")]
    [TestCase("{{ x is notest }}", "'notest'")]
    [TestCase("{{ 'a }}", "not closed")]
    [TestCase("{% for x in y recursive %}{% endfor %}", "recursive")]
    public void What_is_malformed_or_not_supported_is_named(string template, string named) =>
        Assert.That(Assert.Throws<TemplateException>(() => JinjaTemplate.Parse(template))!.Message, Does.Contain(named));

    [Test]
    public void Brackets_nested_without_end_are_refused() =>
        Assert.Throws<TemplateException>(() => JinjaTemplate.Parse("{{ " + new string('(', 100_000)));

    private static object? Value(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.String => element.GetString(),
            JsonValueKind.Number => element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Array => element.EnumerateArray().Select(Value).ToList(),
            JsonValueKind.Object => new OrderedDictionary<object, object?>(
                element.EnumerateObject().Select(entry => KeyValuePair.Create((object)entry.Name, Value(entry.Value)))
            ),
            _ => null,
        };
}
