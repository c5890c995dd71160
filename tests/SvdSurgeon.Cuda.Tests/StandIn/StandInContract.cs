using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Tests.Backends.Contract;

namespace SvdSurgeon.Cuda.Tests.StandIn;

/// <summary>The contract through the cuBLAS and cuSOLVER bindings, on host libraries of the same signatures.</summary>
[TestFixture, Category("Slow")]
internal sealed class StandInContract : BackendContract
{
    protected override IBackend Open() => StandInLibraries.Open();
}
