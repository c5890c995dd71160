using NUnit.Framework;

namespace SvdSurgeon.Tests.Architecture;

/// <summary>What README says is what is there.</summary>
public sealed class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Repository.File("README.md"));

    [Test]
    public void Its_program_is_the_sample_that_the_build_compiles()
    {
        Assert.That(Readme, Does.Contain(File.ReadAllText(Repository.File("samples/Embedding/Program.cs")).TrimEnd()));
    }

    [Test]
    public void Its_links_lead_to_files()
    {
        var targets = System
            .Text.RegularExpressions.Regex.Matches(Readme, @"\]\(([^)#]+)\)")
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.That(targets, Is.Not.Empty);
        foreach (string target in targets.Where(target => !target.StartsWith("http", StringComparison.Ordinal)))
            Assert.That(Path.Exists(Repository.File(target)), Is.True, target);
    }

    [Test]
    public void It_is_a_page_and_not_a_wall()
    {
        Assert.That(Readme.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), Has.Length.LessThanOrEqualTo(1250));
        foreach (string line in Readme.Split('\n'))
            Assert.That(line.Length, Is.LessThanOrEqualTo(140), line);
    }

    // Tables cannot be wrapped, nor what a program has printed.
    [Test]
    public void No_line_of_code_or_prose_is_wider_than_140_columns()
    {
        var files = new[] { "src", "kernels", "perf", "samples", "docs" }.SelectMany(folder =>
            Directory.EnumerateFiles(Repository.File(folder), "*", SearchOption.AllDirectories)
        );
        foreach (
            string file in files.Where(file =>
                file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".md", StringComparison.Ordinal)
            )
        )
        {
            if (file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "node_modules"))
                continue;
            bool fenced = false;
            var wide = File.ReadLines(file)
                .Where(line => !(fenced ^= line.StartsWith("```", StringComparison.Ordinal)) && line.Length > 140 && !line.StartsWith('|'));
            Assert.That(wide, Is.Empty, Path.GetFileName(file));
        }
    }
}
