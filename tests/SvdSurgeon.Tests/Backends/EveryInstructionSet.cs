using NUnit.Framework;
using SvdSurgeon.Backends.Blas;

namespace SvdSurgeon.Tests.Backends;

/// <summary>Base of fixtures that run once on each instruction set that the processor has, or carries out as others.</summary>
[TestFixture(nameof(InstructionSet.Portable)), TestFixture(nameof(InstructionSet.Avx2)), TestFixture(nameof(InstructionSet.Avx512))]
[NonParallelizable]
public abstract class EveryInstructionSet(string name)
{
    [OneTimeSetUp]
    public void UseInstructionSet() => Use(name);

    [OneTimeTearDown]
    public void UseBestAgain() => InstructionSets.Active = InstructionSets.Best;

    /// <summary>
    /// Computes with it from now on, or ends the fixture where the processor lacks it. The kernels for AVX-512 run with AVX2 too: the
    /// runtime makes two instructions of one, with the same results.
    /// </summary>
    public static void Use(string name)
    {
        var wanted = Enum.Parse<InstructionSet>(name);
        if (wanted > InstructionSets.Best && InstructionSets.Best < InstructionSet.Avx2)
            Assert.Ignore($"This processor has no {name}.");
        InstructionSets.Active = wanted;
    }
}
