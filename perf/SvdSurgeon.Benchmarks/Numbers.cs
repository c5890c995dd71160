namespace SvdSurgeon.Benchmarks;

/// <summary>Seeded numbers in [−½, ½).</summary>
internal static class Numbers
{
    public static float[] Singles(int count)
    {
        var random = new Random(1);
        var x = new float[count];
        for (int i = 0; i < count; i++)
            x[i] = random.NextSingle() - 0.5f;
        return x;
    }
}
