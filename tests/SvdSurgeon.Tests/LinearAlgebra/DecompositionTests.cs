using NUnit.Framework;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions;
using SvdSurgeon.Backends.SystemBlas;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tests.Backends;

namespace SvdSurgeon.Tests.LinearAlgebra;

[TestFixture(nameof(InstructionSet.Portable)), TestFixture(nameof(InstructionSet.Avx2)), TestFixture(nameof(InstructionSet.Avx512))]
[NonParallelizable]
internal sealed class ManagedDecompositionTests(string instructionSet) : DecompositionContract
{
    private protected override ILinearAlgebra Open(ThreadTeam team)
    {
        EveryInstructionSet.Use(instructionSet);
        return new ManagedLinearAlgebra(team);
    }

    [OneTimeTearDown]
    public void UseBestAgain() => InstructionSets.Active = InstructionSets.Best;
}

/// <summary>Beyond the rows that are factored as one block.</summary>
internal sealed class HalvedCholeskyTests
{
    [Test]
    public void A_large_matrix_is_factored_by_halves()
    {
        const int n = 2051;
        var random = new Random(1);
        var a = new Matrix(n, n);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < i; j++)
                a[i, j] = a[j, i] = random.NextDouble() - 0.5;
            a[i, i] = n;
        }
        using var team = new ThreadTeam(2);
        Assert.That(new ManagedLinearAlgebra(team).TryCholesky(a, out var l), Is.True);
        var v = Enumerable.Range(0, n).Select(_ => random.NextDouble() - 0.5).ToArray();
        double[] back = new double[n],
            expected = new double[n],
            actual = new double[n];
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
        {
            back[j] += l[i, j] * v[i];
            expected[i] += a[i, j] * v[j];
        }
        for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            actual[i] += l[i, j] * back[j];
        for (int i = 0; i < n; i++)
            Assert.That(l.Row(i)[(i + 1)..].ContainsAnyExcept(0.0), Is.False, $"row {i}");
        for (int i = 0; i < n; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(1e-10), $"{i}");
    }
}

[TestFixture]
internal sealed class SystemDecompositionTests : DecompositionContract
{
    private protected override ILinearAlgebra Open(ThreadTeam team) => new SystemLinearAlgebra(team, FoundBlas.Library);
}
