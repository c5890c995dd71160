using NUnit.Framework;
using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Tests.Backends.Contract;

[TestFixture]
internal sealed class CpuContract : BackendContract
{
    protected override IBackend Open() => new CpuBackend(2);
}

[TestFixture]
internal sealed class SystemBlasContract : BackendContract
{
    protected override IBackend Open() => new CpuBackend(2, FoundBlas.Library);
}
