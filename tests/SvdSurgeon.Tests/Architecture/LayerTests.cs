using System.Xml.Linq;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using NUnit.Framework;
using SvdSurgeon.Backends;

namespace SvdSurgeon.Tests.Architecture;

/// <summary>The map of docs/architecture.md, held against what the compiler made: who uses whom, folder by folder.</summary>
public sealed class LayerTests
{
    private const string Root = "SvdSurgeon";

    // From the top down: a folder may use what stands below it, never what stands above.
    private static readonly string[] Folders =
    [
        "Reporting",
        "Pipeline",
        "Export",
        "Chat",
        "Evaluation",
        "Calibration",
        "Tokenization",
        "Models",
        "Formats",
        "Compression",
        "Quantization",
        "Architectures",
        "Backends",
        "LinearAlgebra",
        "IO",
        "Tensors",
        "",
    ];

    private static readonly string[] PipelineFolders =
    [
        "Pipeline",
        "Pipeline.Estimates",
        "Pipeline.Bits",
        "Pipeline.Search",
        "Pipeline.Stages",
        "Pipeline.Stages.Newton",
        "Pipeline.Results",
        "Pipeline.Modules",
        "Pipeline.Fisher",
        "Pipeline.Ranks",
        "Pipeline.Factors",
        "Pipeline.Statistics",
        "Pipeline.States",
        "Pipeline.Running",
        "Pipeline.Artifacts",
        "Pipeline.Shares",
        "Pipeline.Options",
        "Pipeline.Sources",
    ];

    private static readonly System.Reflection.Assembly Library = typeof(IBackend).Assembly;

    private static readonly Lazy<(string From, string To, string Why)[]> Uses = new(() =>
        [
            .. new ArchLoader()
                .LoadAssembly(Library)
                .Build()
                .Types.Where(type => InLibrary(type) && !type.FullName.Contains('<'))
                .SelectMany(type =>
                    type.Dependencies.Select(use => use.Target)
                        .Where(InLibrary)
                        .Select(target => (Folder(type), Folder(target), $"{type.Name} uses {target.Name}"))
                )
                .Distinct(),
        ]
    );

    [Test]
    public void Folders_use_only_what_stands_below_them()
    {
        Assert.That(Uses.Value, Has.Length.AtLeast(200), "uses are found at all");
        var unknown = Uses.Value.SelectMany(use => new[] { Top(use.From), Top(use.To) }).Distinct().Except(Folders);
        Assert.That(unknown, Is.Empty, "every folder of the library has its place in the map");
        Assert.That(Upwards(Folders, Top), Is.Empty);
    }

    [Test]
    public void Folders_of_the_pipeline_use_only_what_stands_below_them()
    {
        var unknown = Uses.Value.Select(use => use.From).Where(folder => Top(folder) == "Pipeline").Distinct().Except(PipelineFolders);
        Assert.That(unknown, Is.Empty, "every folder of the pipeline has its place in the map");
        Assert.That(Upwards(PipelineFolders, folder => folder), Is.Empty);
    }

    [Test]
    public void Folders_of_the_mathematics_are_free_of_cycles()
    {
        var edges = Uses
            .Value.Where(use => Top(use.From) == "Compression" && Top(use.To) == "Compression" && use.From != use.To)
            .Select(use => (use.From, use.To))
            .Distinct()
            .ToList();
        Assert.That(edges, Is.Not.Empty);
        for (bool removed = true; removed; )
            removed = edges.RemoveAll(edge => edges.TrueForAll(other => other.From != edge.To)) > 0;
        Assert.That(edges, Is.Empty);
    }

    [Test]
    public void The_library_uses_the_base_class_library_alone()
    {
        var others = Library.GetReferencedAssemblies().Select(name => name.Name!);
        Assert.That(others, Is.All.StartsWith("System"));
    }

    [TestCase("kernels/SvdSurgeon.Kernels/SvdSurgeon.Kernels.csproj")]
    [TestCase("src/SvdSurgeon/SvdSurgeon.csproj")]
    public void Has_no_project_below_it(string project)
    {
        Assert.That(XDocument.Load(Repository.File(project)).Descendants("ProjectReference"), Is.Empty);
    }

    [Test]
    public void No_folder_is_a_heap()
    {
        string library = Repository.File("src/SvdSurgeon");
        foreach (string folder in Directory.EnumerateDirectories(library, "*", SearchOption.AllDirectories).Append(library))
        {
            string relative = Path.GetRelativePath(library, folder);
            if (relative.Split(Path.DirectorySeparatorChar)[0] is "bin" or "obj")
                continue;
            Assert.That(Directory.EnumerateFiles(folder, "*.cs").Count(), Is.LessThanOrEqualTo(22), relative);
        }
    }

    [Test]
    public void Every_type_stands_in_a_file_of_its_name_and_in_the_folder_of_its_namespace()
    {
        string library = Repository.File("src/SvdSurgeon");
        foreach (
            var type in Library
                .GetTypes()
                .Where(type => !type.IsNested && type.Namespace?.StartsWith(Root, StringComparison.Ordinal) == true)
        )
        {
            string name = type.Name.Split('`')[0];
            if (name.StartsWith('<'))
                continue;
            string folder = Path.Combine([library, .. type.Namespace!.Split('.').Skip(1)]);
            bool found = File.Exists(Path.Combine(folder, name + ".cs")) || Directory.EnumerateFiles(folder, name + ".*.cs").Any();
            Assert.That(found, Is.True, $"{type.FullName} is looked for in {Path.GetRelativePath(library, folder)}/{name}.cs");
        }
    }

    private static IEnumerable<string> Upwards(string[] order, Func<string, string> folder) =>
        from use in Uses.Value
        let place = Array.IndexOf(order, folder(use.From))
        let other = Array.IndexOf(order, folder(use.To))
        where other >= 0 && place > other
        select $"{use.From} → {use.To}: {use.Why}";

    private static bool InLibrary(IType type) => type.FullName.StartsWith(Root + ".", StringComparison.Ordinal);

    private static string Folder(IType type) =>
        type.Namespace.FullName.Length > Root.Length ? type.Namespace.FullName[(Root.Length + 1)..] : "";

    private static string Top(string folder) => folder.Split('.')[0];
}
