using NUnit.Framework;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>The accelerators that tests run on.</summary>
internal static class Devices
{
    /// <summary>The first GPU; where there is none the test is ignored with the reason.</summary>
    public static CudaBackend OpenGpu(CudaOptions? options = null)
    {
        if (CudaDevices.List().Problem is { } problem)
            Assert.Ignore(problem);
        return CudaDevices.Open(0, options);
    }

    /// <summary>"gpu", "simulator", or "stand-in": the simulator over host libraries with the interface of cuBLAS and cuSOLVER.</summary>
    public static CudaBackend Open(string device) =>
        device switch
        {
            "gpu" => OpenGpu(),
            "stand-in" => StandIn.StandInLibraries.Open(),
            _ => CudaDevices.OpenSimulator(),
        };
}
