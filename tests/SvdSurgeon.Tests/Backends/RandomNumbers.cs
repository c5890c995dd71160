namespace SvdSurgeon.Tests.Backends;

/// <summary>Seeded normal numbers, so that a failing case can be repeated.</summary>
internal static class RandomNumbers
{
    public static double Normal(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static float[] Singles(int seed, int count)
    {
        var random = new Random(seed);
        var x = new float[count];
        for (int i = 0; i < count; i++)
            x[i] = (float)random.Normal();
        return x;
    }

    public static double[] Doubles(int seed, int count)
    {
        var random = new Random(seed);
        var x = new double[count];
        for (int i = 0; i < count; i++)
            x[i] = random.Normal();
        return x;
    }
}
