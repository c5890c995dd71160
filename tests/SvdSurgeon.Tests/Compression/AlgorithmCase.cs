using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Tests.Compression;

/// <summary>One of the float64 cases of Golden/algorithms, computed with NumPy from the papers' definitions.</summary>
internal sealed unsafe class AlgorithmCase(string name) : IDisposable
{
    private readonly SafeTensorsFile _file = SafeTensorsFile.Open(GoldenFiles.Copied("algorithms", name + ".safetensors"));

    public bool Has(string entry) => _file.Tensors.ContainsKey(entry);

    /// <summary>A tensor as a matrix, the last axis in the columns.</summary>
    public Matrix Matrix(string entry)
    {
        var tensor = _file[entry];
        return new Matrix(tensor.Rows, tensor.Columns, Vector(entry));
    }

    public double[] Vector(string entry)
    {
        var tensor = _file[entry];
        Assert.That(tensor.Type, Is.EqualTo(DType.F64));
        return new ReadOnlySpan<double>((void*)tensor.Address, checked((int)tensor.Count)).ToArray();
    }

    public int[] Integers(string entry)
    {
        var tensor = _file[entry];
        Assert.That(tensor.Type, Is.EqualTo(DType.I64));
        var integers = new int[tensor.Count];
        for (int i = 0; i < integers.Length; i++)
            integers[i] = checked((int)((long*)tensor.Address)[i]);
        return integers;
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>What the tests of the methods compute with, and how they compare.</summary>
internal static class Numbers
{
    public static readonly ILinearAlgebra La = new ManagedLinearAlgebra(new ThreadTeam(1));

    /// <summary>Signs of singular vectors are free and rounding differs, so products are compared, relative to the largest entry.</summary>
    public const double WeightTolerance = 1e-4;

    public const double SigmaTolerance = 1e-5;

    public static Matrix Gaussian(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var a = new Matrix(rows, columns);
        foreach (ref double x in a.Data.AsSpan())
            x = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return a;
    }

    /// <summary>XᵀX of inputs whose features have scales from 1 to 1/n and share a common part.</summary>
    public static Matrix Gram(int tokens, int n, int seed)
    {
        var x = Gaussian(tokens, n, seed);
        for (int t = 0; t < tokens; t++)
        for (int j = n - 1; j >= 0; j--)
            x[t, j] = (x[t, j] + 0.5 * x[t, 0]) / (1 + j);
        return La.Multiply(x, x, transposeA: true);
    }

    public static double FrobeniusNorm(Matrix a)
    {
        double sum = 0;
        foreach (double x in a.Data)
            sum += x * x;
        return Math.Sqrt(sum);
    }

    public static void AreClose(Matrix actual, Matrix expected, double tolerance)
    {
        Assert.That((actual.Rows, actual.Columns), Is.EqualTo((expected.Rows, expected.Columns)));
        AreClose(actual.Data, expected.Data, tolerance);
    }

    /// <summary>Every difference is at most <paramref name="tolerance"/> of the largest expected number.</summary>
    public static void AreClose(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected, double tolerance)
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length));
        double largest = 0,
            worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            worst = Math.Max(worst, Math.Abs(actual[i] - expected[i]));
        }
        // Math.Max keeps what is not a number; to Is.LessThan it would be less than anything.
        Assert.That(worst <= tolerance * largest, $"off by {worst}, largest expected number {largest}");
    }
}
