using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Tests.Backends.Contract;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>
/// The contract on ILGPU's CPU accelerator, with managed products: every kernel runs, at sizes that cross tiles, warps and chunks.
/// </summary>
[TestFixture, Category("Slow")]
internal sealed class SimulatorContract : BackendContract
{
    protected override IBackend Open() => CudaDevices.OpenSimulator();
}
