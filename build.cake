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

// Brings the optional GPU packages into the NuGet cache where they can be had; builds then use them by themselves (docs/GPU.md).
Task("GpuPackages")
    .Does(() =>
{
    foreach (var packages in new[] { "all", "kernels" })
    {
        var settings = new DotNetRestoreSettings { MSBuildSettings = new DotNetMSBuildSettings().WithProperty("GpuPackages", packages), Verbosity = DotNetVerbosity.Quiet };
        settings.SetupProcessSettings = process => process.RedirectStandardOutput = true;
        try
        {
            DotNetRestore("./src/SvdSurgeon.Cuda", settings);
            Information(packages == "all" ? "GPU packages: all restored." : "GPU packages: ILGPU alone; the kernels are built and tested, --device cuda is left out.");
            return;
        }
        catch (CakeException) { } // not to be had in this feed: the next smaller set, or none, and the last line says so
    }
    Information("GPU packages: not to be had here; the GPU part is left out.");
});

Task("Build")
    .IsDependentOn("GpuPackages")
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
    .Does(() => DotNetPack("./src/SvdSurgeon", new DotNetPackSettings { Configuration = configuration, OutputDirectory = output + "/packages" }));

// For this machine, compiled ahead (ReadyToRun) so that it starts in two thirds of the time; or one self-contained file for machines without .NET: --runtime linux-x64
// Without the GPU unless --gpu is given: a program with ManagedCuda in it is under the GPL.
Task("Publish")
    .Does(() => DotNetPublish("./src/SvdSurgeon.Cli", new DotNetPublishSettings
    {
        Configuration = configuration,
        OutputDirectory = output + "/svdsurgeon",
        Runtime = string.IsNullOrEmpty(runtime) ? null : runtime,
        PublishReadyToRun = true,
        SelfContained = !string.IsNullOrEmpty(runtime),
        PublishSingleFile = !string.IsNullOrEmpty(runtime),
        MSBuildSettings = new DotNetMSBuildSettings().WithProperty("GpuPackages", HasArgument("gpu") ? "all" : "none")
            .WithProperty("UseCurrentRuntimeIdentifier", string.IsNullOrEmpty(runtime) ? "true" : "false"),
    }));

RunTarget(target);
