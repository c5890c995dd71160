using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Tests.Backends.Contract;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>The contract on a GPU with cuBLAS and cuSOLVER, where there is one.</summary>
[TestFixture]
internal sealed class GpuContract : BackendContract
{
    protected override IBackend Open() => Devices.OpenGpu();
}
