using NUnit.Framework;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.SystemBlas;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.LinearAlgebra;

[TestFixture(nameof(InstructionSet.Portable)), TestFixture(nameof(InstructionSet.Avx2)), TestFixture(nameof(InstructionSet.Avx512))]
[NonParallelizable]
public sealed class ManagedDecompositionTests(string instructionSet) : DecompositionContract
{
    private protected override ILinearAlgebra Open(ThreadTeam team)
    {
        EveryInstructionSet.Use(instructionSet);
        return new ManagedLinearAlgebra(team);
    }

    [OneTimeTearDown]
    public void UseBestAgain() => InstructionSets.Active = InstructionSets.Best;
}

[TestFixture]
public sealed class SystemDecompositionTests : DecompositionContract
{
    private protected override ILinearAlgebra Open(ThreadTeam team) => new SystemLinearAlgebra(team, FoundBlas.Library);
}
