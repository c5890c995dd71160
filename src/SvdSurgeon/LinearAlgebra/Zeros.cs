namespace SvdSurgeon.LinearAlgebra;

/// <summary>Large arrays to add to.</summary>
internal static class Zeros
{
    /// <summary>
    /// An array of zeros whose pages have been written. Adding to a new array reads each page first: the system then maps a page of zeros
    /// for it, replaces it at the write that follows, and tells every processor so, which costs more than the sums.
    /// </summary>
    public static double[] Array(long count)
    {
        double[] values = GC.AllocateUninitializedArray<double>(checked((int)count));
        System.Array.Clear(values);
        return values;
    }
}
