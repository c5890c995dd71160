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

// A five-minute subset; perf/README.md has the commands for everything.
Task("Bench")
    .IsDependentOn("Build")
    .Does(() => DotNetRun("./perf/SvdSurgeon.Benchmarks", "--quick", new DotNetRunSettings { Configuration = configuration, NoBuild = true }));

Task("Pack")
    .IsDependentOn("Test")
    .Does(() => DotNetPack("./src/SvdSurgeon", new DotNetPackSettings { Configuration = configuration, OutputDirectory = output + "/packages" }));

// One self-contained file for machines without .NET: dotnet cake --target Publish --runtime linux-x64
Task("Publish")
    .Does(() => DotNetPublish("./src/SvdSurgeon.Cli", new DotNetPublishSettings
    {
        Configuration = configuration,
        OutputDirectory = output + "/svdsurgeon",
        Runtime = string.IsNullOrEmpty(runtime) ? null : runtime,
        SelfContained = !string.IsNullOrEmpty(runtime),
        PublishSingleFile = !string.IsNullOrEmpty(runtime),
    }));

RunTarget(target);
