using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// The documents that the table of options writes: with SVDSURGEON_WRITE_DOCS=1 in the environment they are written, else compared.
/// </summary>
[TestFixture]
public sealed class OptionDocumentsTests
{
    private static readonly CompressionOptions Defaults = new() { Ratios = [] };

    [Test]
    public void The_recipes_schema_follows_from_the_table()
    {
        string path = Repository.File("docs/recipe.schema.json");
        var schema = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        schema["properties"]!["options"]!["properties"] = new JsonObject(
            OptionTable.All.Where(option => !option.IsPart).Select(option => KeyValuePair.Create(option.Key, (JsonNode?)option.Schema()))
        );
        ((JsonObject)schema["$defs"]!).Remove("sequential");
        Hold(path, JsonText.Indented(schema));
    }

    [Test]
    public void The_page_of_options_follows_from_the_table()
    {
        var page = new StringBuilder(
            """
            # Options of a compression

            Written from the table that the program reads them with (`Pipeline/Options/OptionTable.cs`); a test holds it. `compress`, `plan` and
            `stats` have them on the command line, recipes in `options`. An option without a name on the command line is one that a search sets.
            The last column says in which artifacts' keys it stands (`Pipeline/Artifacts/ArtifactOptions.cs`): another value makes these anew,
            and what is made from them.

            | command line | recipe | default | values | what it is | artifacts |
            | --- | --- | --- | --- | --- | --- |

            """
        );
        foreach (var option in OptionTable.All)
        {
            string[] names = [.. new[] { option.CommandLine, option.Alias }.OfType<string>().Select(name => $"`{name}`")];
            page.Append('|')
                .AppendJoin(
                    '|',
                    new[]
                    {
                        string.Join(", ", names),
                        $"`{option.Key}`",
                        option.Text(Defaults),
                        option.Range,
                        option.Help,
                        string.Join(", ", ArtifactOptions.Stages(option.Key)),
                    }.Select(cell => cell.Length == 0 ? " " : $" {cell} ")
                )
                .Append("|\n");
        }
        Hold(Repository.File("docs/options.md"), page.ToString());
    }

    private static void Hold(string path, string text)
    {
        if (Environment.GetEnvironmentVariable("SVDSURGEON_WRITE_DOCS") == "1")
            File.WriteAllText(path, text);
        Assert.That(
            File.Exists(path) ? File.ReadAllText(path) : "",
            Is.EqualTo(text),
            $"run this test with SVDSURGEON_WRITE_DOCS=1 to write {Path.GetFileName(path)} anew"
        );
    }
}
