using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Cli.Tests;

/// <summary>The packages as a stranger meets them: from a folder of packages alone, into a new project and as a tool.</summary>
[TestFixture, Category("Package")]
public sealed class PackageTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeSetUp]
    public void Pack()
    {
        foreach (string project in (string[])["SvdSurgeon", "SvdSurgeon.Cli"])
            DotNet(Repository("src"), "pack", project, "-c", "Release", "--no-build", "-o", _folder["packages"]);
        _folder.Write(
            "nuget.config",
            $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{_folder["restored"]}" /></config>
              <packageSources><clear /><add key="here" value="{_folder["packages"]}" /></packageSources>
            </configuration>
            """
        );
    }

    [OneTimeTearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public void The_readmes_program_in_a_new_project_compresses_a_model_with_the_package()
    {
        string project = Directory.CreateDirectory(_folder["new"]).FullName;
        File.Copy(Repository("samples/Embedding/Program.cs"), Path.Combine(project, "Program.cs"));
        File.WriteAllText(
            Path.Combine(project, "new.csproj"),
            """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="SvdSurgeon" Version="0.1.0" /></ItemGroup>
            </Project>
            """
        );
        string said = DotNet(project, "run", "-c", "Release", "--", Svdsurgeon.Opt, Svdsurgeon.CalibrationText, _folder["out"]);
        Assert.That(said, Does.Contain("kept 79").Or.Contain("kept 80"));
        foreach (string ratio in (string[])["0.8", "0.6"])
            Assert.That(File.Exists(Path.Combine(_folder["out"], $"ratio-{ratio}", "model.safetensors")), ratio);
    }

    [Test]
    public void The_program_installs_as_a_tool_and_runs()
    {
        DotNet(_folder.Path, "tool", "install", "SvdSurgeon.Cli", "--tool-path", _folder["tools"], "--configfile", _folder["nuget.config"]);
        string version = Run(Path.Combine(_folder["tools"], "svdsurgeon"), _folder.Path, "--version");
        Assert.That(version, Does.StartWith("0.1.0"));
    }

    private static string DotNet(string folder, params string[] arguments) => Run("dotnet", folder, arguments);

    private static string Run(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // A build in the tests' process would hand its settings down.
        foreach (string name in start.Environment.Keys.Where(key => key.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var result = Svdsurgeon.Finish(process);
        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
        return result.Output;
    }

    private static string Repository(string path, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", path));
}
