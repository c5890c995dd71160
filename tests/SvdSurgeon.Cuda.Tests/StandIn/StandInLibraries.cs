using System.Diagnostics;
using NUnit.Framework;
using SvdSurgeon.Cuda.VendorLibraries;

namespace SvdSurgeon.Cuda.Tests.StandIn;

/// <summary>
/// Host libraries with the names and signatures of cuBLAS and cuSOLVER (standin.c), found by the backend's own search: every call of
/// <see cref="CudaLibraries"/> and <see cref="CudaSolver"/> runs through ManagedCuda's bindings on a machine without a GPU.
/// </summary>
internal static class StandInLibraries
{
    private static readonly Lazy<string?> WhyNot = new(Build);

    /// <summary>The kernels on the simulator, products and decompositions through the bindings. Ends the test with a reason where that cannot be.</summary>
    public static CudaBackend Open()
    {
        if (WhyNot.Value is { } reason) Assert.Ignore(reason);
        return CudaDevices.OpenSimulator((accelerator, stream, pool) => new CudaLibraries(accelerator, stream, 0, pool));
    }

    private static string? Build()
    {
        if (!OperatingSystem.IsLinux()) return "The stand-in for cuBLAS and cuSOLVER is built on Linux only.";
        if (NativeLibraries.Report().Any(library => library.Name is "cuBLAS" or "cuSOLVER" && library.Path is not null)) return "cuBLAS itself is here: GpuContract runs it.";
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-standin-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        string source = Path.Combine(AppContext.BaseDirectory, "StandIn", "standin.c");
        foreach (string name in new[] { "libcublas.so.12", "libcusolver.so.11" })
            if (Compile("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", Path.Combine(folder, name), source, "-lm") is { } problem) return problem;
        Environment.SetEnvironmentVariable(NativeLibraries.Variable, folder);
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
