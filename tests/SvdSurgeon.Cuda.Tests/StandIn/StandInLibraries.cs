using System.Diagnostics;
using NUnit.Framework;
using SvdSurgeon.Cuda.VendorLibraries;
using SvdSurgeon.Cuda.VendorLibraries.Loading;

namespace SvdSurgeon.Cuda.Tests.StandIn;

/// <summary>
/// Host libraries with the names and signatures of cuBLAS and cuSOLVER (standin.c), found by the backend's own search: every call of
/// <see cref="CudaLibraries"/> and <see cref="CudaSolver"/> runs through the declarations on a machine without a GPU.
/// </summary>
internal static class StandInLibraries
{
    // What the tests of this process are bound to; other versions run in processes of their own.
    private const int Major = 12;

    private static readonly Lazy<string?> WhyNot = new(Prepare);

    /// <summary>
    /// The kernels on the simulator, products and decompositions through the declarations. Ends the test with a reason where that cannot
    /// be.
    /// </summary>
    public static CudaBackend Open(CudaOptions? options = null)
    {
        if (WhyNot.Value is { } reason)
            Assert.Ignore(reason);
        return CudaDevices.OpenSimulator(
            (accelerator, stream, pool, all) => new CudaLibraries(accelerator, stream, 0, pool, all.Limits),
            options
        );
    }

    /// <summary>Compiles both libraries into two folders as Python's packages have them.</summary>
    /// <param name="root">Their common folder.</param>
    /// <param name="major">The version of CUDA that they say they are of.</param>
    /// <returns>Why that cannot be done here, or null.</returns>
    public static string? Build(string root, int major)
    {
        if (!OperatingSystem.IsLinux())
            return "The stand-in for cuBLAS and cuSOLVER is built on Linux only.";
        var generation = CudaGeneration.NewestFirst.Single(g => g.Major == major);
        string source = Path.Combine(AppContext.BaseDirectory, "StandIn", "standin.c");
        foreach (var (package, name) in (ReadOnlySpan<(string, string)>)[("cublas", generation.Blas), ("cusolver", generation.Solver)])
        {
            string folder = Directory.CreateDirectory(Path.Combine(root, "nvidia", package, "lib")).FullName;
            string output = Path.Combine(folder, name);
            if (
                Compile($"-DCUDA_MAJOR={major}", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", output, source, "-lm") is
                { } problem
            )
                return problem;
        }
        return null;
    }

    private static string? Prepare()
    {
        if (NativeLibraries.Report()[1].Path is not null)
            return "cuBLAS itself is here: GpuContract runs it.";
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-standin-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        if (Build(folder, Major) is { } problem)
            return problem;
        Environment.SetEnvironmentVariable(LibraryFolders.Variable, folder);
        return null;
    }

    private static string? Compile(params string[] arguments)
    {
        try
        {
            using var compiler = Process.Start(new ProcessStartInfo("cc", arguments) { RedirectStandardError = true })!;
            string messages = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            return compiler.ExitCode == 0 ? null : throw new InvalidOperationException(messages);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "There is no C compiler 'cc' to build the stand-in for cuBLAS and cuSOLVER.";
        }
    }
}
