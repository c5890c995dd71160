// dotnet tool restore && dotnet cake --target Test
var target = Argument("target", "Test");
var configuration = Argument("configuration", "Release");
var runtime = Argument("runtime", "");
const string solution = "./SvdSurgeon.sln";
const string output = "./artifacts";

Task("Clean")
    .Does(() =>
{
    DotNetClean(solution, new DotNetCleanSettings { Configuration = configuration });
    CleanDirectory(output);
});

Task("Build")
    .Does(() => DotNetBuild(solution, new DotNetBuildSettings { Configuration = configuration }));

Task("Test")
    .IsDependentOn("Build")
    .Does(() => DotNetTest(solution, new DotNetTestSettings { Configuration = configuration, NoBuild = true }));

// A five-minute subset; perf/README.md has the commands for everything. --compare "--model … --peer …" replaces the random model and adds the peer.
Task("Bench")
    .IsDependentOn("Build")
    .Does(() =>
{
    var settings = new DotNetRunSettings { Configuration = configuration, NoBuild = true };
    DotNetRun("./perf/SvdSurgeon.Benchmarks", "--quick", settings);
    DotNetRun("./perf/SvdSurgeon.Compare", "--quick " + Argument("compare", ""), settings);
});

Task("Pack")
    .IsDependentOn("Test")
    .Does(() =>
{
    // The library, and the program as a tool: dotnet tool install --global SvdSurgeon.Cli --add-source artifacts/packages
    foreach (var project in new[] { "./src/SvdSurgeon", "./src/SvdSurgeon.Cli" })
        DotNetPack(project, new DotNetPackSettings { Configuration = configuration, OutputDirectory = output + "/packages" });
});

// For this machine, compiled ahead (ReadyToRun) so that it starts in two thirds of the time; or one self-contained file for machines without .NET: --runtime linux-x64
Task("Publish")
    .Does(() => DotNetPublish("./src/SvdSurgeon.Cli", new DotNetPublishSettings
    {
        Configuration = configuration,
        OutputDirectory = output + "/svdsurgeon",
        Runtime = string.IsNullOrEmpty(runtime) ? null : runtime,
        PublishReadyToRun = true,
        SelfContained = !string.IsNullOrEmpty(runtime),
        PublishSingleFile = !string.IsNullOrEmpty(runtime),
        MSBuildSettings = new DotNetMSBuildSettings().WithProperty("UseCurrentRuntimeIdentifier", string.IsNullOrEmpty(runtime) ? "true" : "false"),
    }));

RunTarget(target);
